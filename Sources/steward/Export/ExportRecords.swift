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
                away, the export waits and goes on where it was. A file has its name when it is complete, and is called
                FILE.part until then. What was exported, by whom and with a filter on which fields, is in the workspace's ledger.

                Examples:
                  steward \(Record.noun.name) export -o \(Record.noun.plural).csv
                  steward \(Record.noun.name) export --output xlsx --columns id,create_time -o \(Record.noun.plural).xlsx
                  steward \(Record.noun.name) export --output json --filter 'create_time > 2026-01-01T00:00:00Z' > \
                \(Record.noun.plural).json

                Spreadsheet programs run texts that begin with = + - @ as formulas, whoever wrote them. In xlsx every text is a text.
                sheet is CSV with an apostrophe before such texts, and inside texts before such signs at the beginning of a line
                or after a comma, a semicolon or a tab, at which some programs split. steward import --sheet takes the
                apostrophes away again. csv is for programs and holds values as they are; it says how many of them a
                spreadsheet program might run.
                """)
    }

    @OptionGroup var connection: ConnectionOptions

    @Option(help: "csv, sheet (CSV for spreadsheet programs), json or xlsx.")
    var output: ExportFormat = .csv

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

    @Option(help: "Seconds to wait for a server that is away, 0 to 3600.")
    var patience = 120

    func validate() throws {
        guard (0...3_600).contains(patience) else { throw ValidationError("--patience is 0 to 3600 seconds") }
        guard output != .xlsx || file != nil else { throw ValidationError("xlsx is no text: give a file with -o") }
    }

    func run() async throws {
        let printer = RecordPrinter(
            format: output == .sheet ? .sheet : .csv,
            columns: columns?.split(separator: ",").map { String($0).trimmed } ?? [], showsIDs: ids)
        let columns = try printer.selected(of: Record.noun.record, preferred: [])
        let steward = try await connection.connectSignedIn()
        let waiting = Patience(limit: .seconds(patience)) { [connection] in
            try await connection.renewSession(on: steward)
        }
        let client = RecordClient(connection: steward, noun: Record.noun)
        let total = Terminal.errorIsTerminal ? try await total(client) : nil
        let target = try ExportTarget(path: file)
        let sink = try output.sink(target, printer, columns, sheet: Record.noun.plural)
        var run = ExportRun(client: client, columns: columns, sink: sink, total: total, patience: waiting) { request in
            try fill(request, columns)
        }
        try await FilterHint.heeded(Record.noun) { try await run.exportAll() }
        try sink.finish()
        try target.complete()
        if let file { Terminal.note("\(run.count) \(Record.noun.plural) in \(TerminalText.oneLine(file))") }
        for note in sink.notes { Terminal.note(note) }
    }

    private func fill(_ request: Message, _ columns: [RecordColumn]) throws {
        if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
        if let field = request.descriptor.field("order_by") { request.setStrings(field, orderBy) }
        if deleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
        if self.columns != nil, let field = request.descriptor.field("read_mask") {
            request.setStrings(field, Array(Set(columns.map(\.field.name))).sorted())
        }
    }

    /// How many there are, for the progress that is shown.
    private func total(_ client: RecordClient) async throws -> Int? {
        let answer = try await FilterHint.heeded(Record.noun) {
            try await client.call(\.list) { request in
                if let filter { try FieldAssignment.set("filter_expression", to: filter, in: request) }
                if let field = request.descriptor.field("page_size") { request.setInt32(field, 1) }
                if deleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
                try FieldAssignment.set("include_count", to: "yes", in: request)
            }
        }
        guard let field = answer.descriptor.field("count"), let count = answer.message(field),
            let value = count.descriptor.field("value")
        else { return nil }
        return Int(count.int64(value))
    }
}
