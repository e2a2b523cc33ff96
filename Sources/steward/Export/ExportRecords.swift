import ArgumentParser
import Contracts
import RPC
import StewardClient
import Tenancy
import Wire

/// Takes along all records of a kind that the caller may export.
struct ExportRecords<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "export", abstract: "Writes all records to a file. Needs the right to export them.",
            discussion: """
                Records are written as they come, so that any number of them takes no more memory than a few. When the server is
                away, the export waits and goes on where it was. A file has its name when it is complete; until then there is a part
                beside it with a name of its own. After Ctrl-C, or whatever else ended it, --resume-from goes on with that part: the same records
                come as if nothing had been, but for what changed meanwhile. A workbook (xlsx) is whole or not there.
                What was exported, by whom and with a filter on which fields, is in the workspace's ledger.

                Examples:
                  steward \(Record.noun.name) export -o \(Record.noun.fileName).csv
                  steward \(Record.noun.name) export --output xlsx --columns id,create_time -o \(Record.noun.fileName).xlsx
                  steward \(Record.noun.name) export --output json --filter 'create_time > 2026-01-01T00:00:00Z' > \
                \(Record.noun.fileName).json

                Spreadsheet programs run texts that begin with = + - @ as formulas, whoever wrote them. In xlsx every text is a text.
                sheet is CSV with an apostrophe before such texts, and inside texts before such signs at the beginning of a line
                or after a comma, a semicolon or a tab, at which some programs split. steward import --sheet takes the
                apostrophes away again. csv is for programs and holds values as they are; it says how many of them a
                spreadsheet program might run.
                """)
    }

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var view: ViewOptions

    @Option(help: "csv, sheet (CSV for spreadsheet programs), json or xlsx. Default: csv.")
    var output: ExportFormat?

    @Option(
        help:
            "Columns, separated by commas: fields, and names of other records, as in stage or owner. Default: all fields."
    )
    var columns: String?

    @Flag(help: "Shows ids of other records, not their names.")
    var ids = false

    @Option(help: "Only records that fulfil this.")
    var filter: String?

    @Option(help: "Field to sort by, with ' desc' for falling. Up to three times.")
    var orderBy: [String] = []

    @Flag(help: "Also exports deleted records.")
    var deleted = false

    @Option(name: [.customShort("o"), .long], help: "The file to write. Default: standard output.")
    var file: String?

    @Option(help: "Goes on with the part of an export that was interrupted; what it was asked for stays as it was.")
    var resumeFrom: String?

    @Option(help: "Seconds to wait for a server that is away, 0 to 3600.")
    var patience = 120

    func validate() throws {
        guard (0...3_600).contains(patience) else { throw ValidationError("--patience is 0 to 3600 seconds") }
        guard resumeFrom == nil else {
            guard output == nil, columns == nil, filter == nil, file == nil, orderBy.isEmpty, !ids, !deleted,
                !view.isGiven
            else {
                throw ValidationError("--resume-from goes on with what was asked for before; give nothing else")
            }
            return
        }
        let isWorkbook = file?.lowercased().hasSuffix(".xlsx") ?? false
        guard !isWorkbook || output == .xlsx else {
            throw ValidationError("a file .xlsx is a workbook: give --output xlsx, or another name")
        }
        guard output != .xlsx || file == nil || isWorkbook else {
            throw ValidationError("a workbook is a file .xlsx: give it a name that ends so, or another --output")
        }
        guard output != .xlsx || file != nil else { throw ValidationError("xlsx is no text: give a file with -o") }
    }

    /// What was asked for; what is not said as the view has it.
    private func asked(_ view: UsableView? = nil) -> ExportOrder {
        ExportOrder(
            noun: Record.noun.name, format: output ?? .csv,
            columns: (columns ?? view?.columns(of: Record.noun.record, forPeople: false))?.split(separator: ",").map {
                String($0).trimmed
            }, showsIDs: ids, filter: UsableView.joined(view?.filter, filter),
            orderBy: orderBy.isEmpty ? view?.orderBy ?? [] : orderBy, showsDeleted: deleted)
    }

    func run() async throws {
        _ = try asked().printer().selected(of: Record.noun.record, preferred: [])
        let steward = try await connection.connectSignedIn()
        let waiting = Patience(limit: .seconds(patience)) { [connection] in
            try await connection.renewSession(on: steward)
        }
        let client = RecordClient(connection: steward, noun: Record.noun)
        let asked = asked(try await view.resolved(for: Record.noun, steward))
        try await Interrupt.cancelling { try await export(asked, client, waiting) }
    }

    private func export(_ asked: ExportOrder, _ client: RecordClient, _ patience: Patience) async throws {
        let target = try resumeFrom.map { try ExportTarget(goingOnWith: $0) } ?? ExportTarget(path: file)
        let order = target.begun?.order ?? asked
        guard order.noun == Record.noun.name else {
            throw UsageProblem(
                "the part holds \(order.noun) records", cure: resumption(of: target.partPath ?? "", order))
        }
        do {
            let total = Terminal.errorIsTerminal ? try await total(order, client) : nil
            let custom = try await patience.persist { try await CustomFieldKinds(of: Record.noun, client.connection) }
            var run = try ExportRun(order, client, to: target, custom, total: total, patience)
            try await FilterHint.heeded(client) { try await run.exportAll() }
            try target.complete()
            if let path = target.path {
                Terminal.note("\(run.count) \(Record.noun.plural) in \(TerminalText.oneLine(path))")
            }
            for note in run.sink.notes { Terminal.note(note) }
        } catch {
            leave(target, order)
            guard let signal = Interrupt.signal else { throw error }
            throw ExitCode(128 + signal)
        }
    }

    /// Keeps what another command can go on with, and says how.
    private func leave(_ target: ExportTarget, _ order: ExportOrder) {
        let line = Terminal.errorIsTerminal ? "\n" : ""
        guard target.canGoOn, let part = target.partPath else {
            target.abandon()
            guard Interrupt.hasCome else { return }
            let end = order.format.canGoOn ? "" : "; an export as csv, sheet or json can go on after that"
            return Terminal.note("\(line)interrupted: nothing is left that could be gone on with\(end)")
        }
        Terminal.note("\(line)not complete: what has come so far is kept")
        Terminal.note("go on:  \(resumption(of: part, order))")
    }

    /// The whole command that goes on with a part.
    private func resumption(of part: String, _ order: ExportOrder) -> String {
        "steward \(order.noun) export --resume-from \(ShellText.quoted(part))\(connection.flags)"
    }

    /// How many there are, for the progress that is shown.
    private func total(_ order: ExportOrder, _ client: RecordClient) async throws -> Int? {
        let answer = try await FilterHint.heeded(client) {
            try await client.call(\.list) { request in
                try order.select(request)
                if let field = request.descriptor.field("page_size") { request.setInt32(field, 1) }
                try FieldAssignment.set("include_count", to: "yes", in: request)
            }
        }
        guard let field = answer.descriptor.field("count"), let count = answer.message(field),
            let value = count.descriptor.field("value")
        else { return nil }
        return Int(count.int64(value))
    }
}
