import ArgumentParser
import StewardClient
import Wire

/// Flags that every command on records has.
struct RecordOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions

    @Option(help: "table, json, csv, or sheet: CSV in which no text is a formula for a spreadsheet program.")
    var output: OutputFormat = .table

    @Option(help: "Columns to show, separated by commas: fields, and names of other records, as in stage or owner.")
    var columns: String?

    @Flag(help: "Shows ids of other records, not their names.")
    var ids = false

    var printer: RecordPrinter {
        RecordPrinter(
            format: output, columns: columns?.split(separator: ",").map { String($0).trimmed } ?? [], showsIDs: ids)
    }

    func client(_ noun: RecordNoun) async throws -> RecordClient {
        RecordClient(connection: try await connection.connectSignedIn(), noun: noun)
    }

    /// Shows records, with the names of those that they name.
    func show(
        _ records: [Message], of type: MessageDescriptor, preferred: [String], _ steward: StewardConnection
    ) async throws {
        let names = try await ReferenceNames.look(
            up: try printer.selected(of: type, preferred: preferred), in: records, steward)
        try printer.show(records, of: type, preferred: preferred, names: names)
    }

    /// Shows one record; in a table, what the records are called that it names.
    func show(one record: Message, _ steward: StewardConnection) async throws {
        var wanted = try printer.selected(of: record)
        if output == .table, !ids {
            wanted += record.descriptor.fields.compactMap { RecordColumn.reference(of: $0, in: record.descriptor) }
        }
        try printer.show(one: record, names: try await ReferenceNames.look(up: wanted, in: [record], steward))
    }
}
