import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// Choice lists: the standard commands, and single entries.
struct ChoiceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: ChoiceList.noun.name, abstract: ChoiceList.noun.abstract,
        discussion: """
            Fields of the workspace's own take their choices from a list by its name, and so do the texts that are bound to it.

            Examples:
              steward choice-list create name=industry display_name=Industry
              steward choice-list add industry steel --label 'Iron and steel' --label-in zh=钢铁 --colour '#1e90ff'
              steward choice-list bind industry account.industry
              steward field-definition create object=lead name=branch kind=CHOICE display_name=Branch choice_list=industry
              steward choice-list merge industry 'Iron' --into steel --preview
            """,
        subcommands: RecordCommands.standard(ChoiceList.self) + [
            Entries.self, Add.self, Rename.self, Retire.self, Revive.self, Merge.self, Bind.self, Unbind.self,
        ])

    struct Entries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what there is to choose from in a list.",
            discussion: """
                Example:
                  steward choice-list entries industry
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String

        func run() async throws {
            let client = try await options.client(ChoiceList.noun)
            let list = try await ChoiceListEdit(options: options).find(list, client)
            for line in ChoiceListText(list).lines { Terminal.line(line) }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds an entry to a list, at its end unless told where.",
            discussion: """
                Examples:
                  steward choice-list add industry steel --label 'Iron and steel' --label-in zh=钢铁
                  steward choice-list add lead_source 展会 --before web
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: "What records hold; it stays, whatever people call it.") var value: String
        @Option(help: "What people call it; the value unless given.") var label: String?
        @Option(help: "What people call it in a language, as in zh=钢铁.") var labelIn: [String] = []
        @Option(help: "The colour in which clients show it, as in #1e90ff.") var colour: String?
        @Option(help: "The entry before which it is put, by value or label.") var before: String?

        func run() async throws {
            let labels = try labelIn.map(ChoiceListEdit.label)
            try await ChoiceListEdit(options: options).apply(to: list, changing: "entries") { list in
                let place = try before.map { try ChoiceListEdit.index($0, in: list) } ?? list.entries.endIndex
                list.entries.insert(
                    ChoiceEntry(value: value, displayName: label, labels: labels, colour: colour), at: place)
            }
        }
    }

    struct Rename: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes what people call an entry; records keep its value.",
            discussion: """
                Examples:
                  steward choice-list rename industry steel 'Steel and iron'
                  steward choice-list rename industry steel 钢铁业 --language zh
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: ChoiceListEdit.entryHelp) var entry: String
        @Argument(help: "What people call it from now on.") var label: String
        @Option(help: "The language of the label, as in zh; without one for all languages that have none.")
        var language: String?

        func run() async throws {
            try await ChoiceListEdit(options: options).apply(to: list, changing: "entries") { list in
                let index = try ChoiceListEdit.index(entry, in: list)
                guard let language else {
                    list.entries[index].displayName = label
                    return
                }
                list.entries[index].labels.removeAll { $0.languageCode?.lowercased() == language.lowercased() }
                list.entries[index].labels.append(FieldLabel(languageCode: language, displayName: label))
            }
        }
    }

    struct Retire: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Retires an entry: it stays where it was chosen, and cannot be chosen anew.",
            discussion: """
                Example:
                  steward choice-list retire industry steel
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: ChoiceListEdit.entryHelp) var entry: String

        func run() async throws {
            try await ChoiceListEdit(options: options).apply(to: list, changing: "entries") { list in
                list.entries[try ChoiceListEdit.index(entry, in: list)].retired = true
            }
        }
    }

    struct Revive: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Brings a retired entry back: it can be chosen again.",
            discussion: """
                A merge is taken back by this and steward job undo of its jobs.

                Example:
                  steward choice-list revive industry steel
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: ChoiceListEdit.entryHelp) var entry: String

        func run() async throws {
            try await ChoiceListEdit(options: options).apply(to: list, changing: "entries") { list in
                let index = try ChoiceListEdit.index(entry, in: list)
                (list.entries[index].retired, list.entries[index].mergedInto) = (nil, nil)
            }
        }
    }

    struct Merge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts one entry in the place of another, in the list and in all records, by jobs.",
            discussion: """
                Needs choice_list.update, and update and mass_update of each kind of records that uses the list. steward job watch shows how
                far a job is. To take it back: steward choice-list revive, then steward job undo of each job, within 30 days.

                Examples:
                  steward choice-list merge industry Iron --into steel --preview
                  steward choice-list merge industry Iron --into steel
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: "The entry that goes, by value or label.") var entry: String
        @Option(help: "The entry that takes its place, by value or label.") var into: String
        @Flag(help: "Changes nothing and shows how many records have the entry.") var preview = false

        func run() async throws {
            let client = try await options.client(ChoiceList.noun)
            let found = try await ChoiceListEdit(options: options).find(list, client)
            let request = MergeChoicesRequest(
                choiceListID: found.id, fromValue: try ChoiceListEdit.value(entry, in: found),
                intoValue: try ChoiceListEdit.value(into, in: found), preview: preview ? true : nil,
                version: found.version)
            let answer = try await client.connection.choiceLists.mergeChoices(request, options: .write())
            for line in ChoiceListText.uses(answer.uses).lines(width: Terminal.width) { Terminal.line(line) }
            for merge in answer.merges {
                Terminal.line("\(merge.service ?? ""): steward job watch \(merge.jobID ?? "")")
            }
            if preview { Terminal.note("nothing was changed") }
        }
    }

    struct Bind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Binds a text that all workspaces have to a list: from now on it takes the living entries only.",
            discussion: """
                What records hold stays until it is changed.

                Example:
                  steward choice-list bind industry account.industry
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: "account.industry, lead.source or deal.outcome_reason.") var field: String

        func run() async throws {
            try await ChoiceListEdit(options: options).apply(to: list, changing: "bound_fields") { list in
                if !list.boundFields.contains(field) { list.boundFields.append(field) }
            }
        }
    }

    struct Unbind: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a text take whatever people type again.",
            discussion: """
                Example:
                  steward choice-list unbind industry account.industry
                """)

        @OptionGroup var options: RecordOptions
        @Argument(help: ChoiceListEdit.listHelp) var list: String
        @Argument(help: "As in account.industry.") var field: String

        func run() async throws {
            try await ChoiceListEdit(options: options).apply(to: list, changing: "bound_fields") { list in
                guard list.boundFields.contains(field) else {
                    throw UsageProblem(
                        "\(field) is not bound to \(list.name ?? "")",
                        cure: "bound are: \(list.boundFields.joined(separator: ", "))")
                }
                list.boundFields.removeAll { $0 == field }
            }
        }
    }
}
