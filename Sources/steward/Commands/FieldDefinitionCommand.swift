import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// Field definitions: the standard commands, and changes of a field's kind.
struct FieldDefinitionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: FieldDefinition.noun.name, abstract: FieldDefinition.noun.abstract,
        discussion: """
            A field is named as in account.custom.size, or by what people call it.

            Examples:
              steward field-definition create object=account name=size kind=TEXT display_name=Size
              steward field-definition change-kind account.custom.size WHOLE_NUMBER --preview
              steward field-definition change-kind account.custom.size WHOLE_NUMBER
            """,
        subcommands: RecordCommands.standard(FieldDefinition.self) + [ChangeKind.self, CancelKind.self])

    struct ChangeKind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Has the values of a field become values of another kind, by a job, if each of them fits.",
            discussion: """
                Texts become numbers, amounts, yes or no, days, moments, addresses or one of a list, and all of these become texts; whole numbers, numbers and \
                amounts of one currency become each other, and so do one and several of a list. What is unique, indexed or used by formulas, roll-ups and \
                rules has to be let go first. Old values are not seen any more afterwards, nor is their history.

                Until the job is done the field stays what it is, and takes no value that would not fit. steward job cancel leaves all as it was.

                Examples:
                  steward field-definition change-kind account.custom.size WHOLE_NUMBER --preview
                  steward field-definition change-kind lead.custom.branch CHOICE --choice-list industry
                  steward field-definition change-kind deal.custom.budget MONEY --currency EUR
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "The field, as in account.custom.size.") var field: String
        @Argument(help: "The kind that its values are to have, as in WHOLE_NUMBER.") var kind: String
        @Option(help: "Most characters of a text.") var lengthMax: Int32?
        @Option(help: "What there is to choose from; give it for each.") var choice: [String] = []
        @Option(help: "The choice list that says what there is to choose from.") var choiceList: String?
        @Option(help: "Most digits after the point of a number.") var decimals: Int32?
        @Option(help: "The currency in which numbers are amounts, as in EUR.") var currency: String?
        @Flag(help: "Changes nothing and shows which values would not fit.") var preview = false

        func run() async throws {
            let client = try await options.client(FieldDefinition.noun)
            let fields = client.connection.fieldDefinitions
            let id = try await client.id(of: field)
            let change = try asked()
            if preview {
                let answer = try await look(id, change, fields)
                if options.output == .json { return Terminal.line(MessageJSON.text(answer.message())) }
                return KindPreviewText(answer).show()
            }
            let answer = try await fields.changeFieldKind(
                ChangeFieldKindRequest(id: id, change: change), options: .write())
            if options.output == .json { return Terminal.line(MessageJSON.text(answer.message())) }
            Terminal.line("steward job watch \(answer.jobID ?? "")")
        }

        private func asked() throws -> FieldKindChange {
            let message = FieldKindChange().message()
            try FieldAssignment.set("kind", to: kind, in: message)
            var change = try FieldKindChange(decoding: WireCodec.encode(message))
            (change.lengthMax, change.choices, change.choiceList) = (lengthMax, choice, choiceList)
            (change.decimals, change.currencyCode) = (decimals, currency)
            return change
        }

        /// All pages as one.
        private func look(
            _ id: String, _ change: FieldKindChange, _ fields: FieldDefinitionServiceClient
        ) async throws -> PreviewFieldKindResponse {
            var all = PreviewFieldKindResponse(valueCount: 0, fitCount: 0, unfitCount: 0)
            var token: String?
            repeat {
                let page = try await fields.previewFieldKind(
                    PreviewFieldKindRequest(id: id, change: change, pageToken: token))
                all.valueCount = (all.valueCount ?? 0) + (page.valueCount ?? 0)
                all.fitCount = (all.fitCount ?? 0) + (page.fitCount ?? 0)
                all.unfitCount = (all.unfitCount ?? 0) + (page.unfitCount ?? 0)
                all.examples += page.examples.prefix(KindPreviewText.examplesMax - all.examples.count)
                token = page.nextPageToken
            } while token != nil
            return all
        }
    }

    struct CancelKind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ends a change of kind that is under way: the field stays what it is.",
            discussion: """
                Example:
                  steward field-definition cancel-kind account.custom.size
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: "The field, as in account.custom.size.") var field: String

        func run() async throws {
            let client = try await options.client(FieldDefinition.noun)
            let id = try await client.id(of: field)
            let answer = try await client.connection.fieldDefinitions.cancelFieldKind(
                CancelFieldKindRequest(id: id), options: .write())
            guard let stored = answer.fieldDefinition else { return }
            try await options.show(one: stored.message(), client.connection)
        }
    }
}

/// What would come of values of another kind.
struct KindPreviewText {
    static let examplesMax = 10

    private let answer: PreviewFieldKindResponse

    init(_ answer: PreviewFieldKindResponse) { self.answer = answer }

    var counts: Table {
        Table(
            columns: ["values", "fit", "do not fit"].map { .init(title: $0, alignsRight: true) },
            rows: [[answer.valueCount, answer.fitCount, answer.unfitCount].map { String($0 ?? 0) }])
    }

    /// Those that do not fit.
    var examples: Table {
        Table(
            columns: ["record", "value", "state"].map { .init(title: $0) },
            rows: answer.examples.map {
                [$0.recordID ?? "", TerminalText.oneLine($0.value ?? ""), $0.deleted == true ? "deleted" : ""]
            })
    }

    func show() {
        for line in counts.lines(width: Terminal.width) { Terminal.line(line) }
        if !answer.examples.isEmpty {
            for line in examples.lines(width: Terminal.width) { Terminal.line(line) }
        }
        Terminal.note(
            answer.unfitCount == 0
                ? "nothing was changed; each value fits"
                : "nothing was changed; change the values that do not fit first, those of deleted records, too")
    }
}
