import AccessControl
import ArgumentParser
import Contracts
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

    /// - Throws: `UsageProblem` for a column of a field that the workspace has not added, before anything is done.
    func client(_ noun: RecordNoun) async throws -> RecordClient {
        let client = RecordClient(connection: try await connection.connectSignedIn(), noun: noun)
        let custom = printer.columns.filter { CustomFieldKinds.isPath($0, in: noun.record) }
        if !custom.isEmpty {
            let kinds = try await CustomFieldKinds(of: noun, client.connection)
            for path in custom { try kinds.require(path) }
        }
        return client
    }

    /// Knows the fields that the workspace has added to records of a type where it needs them.
    private func printer(
        of type: MessageDescriptor, preferred: [String] = [], _ steward: StewardConnection
    ) async throws -> RecordPrinter {
        var printer = printer
        guard let noun = RecordNouns.current(type) else { return printer }
        let names = printer.columns.isEmpty ? preferred : printer.columns
        let needsThem =
            printer.columns.isEmpty && output.isCSV
            || names.contains { name in
                CustomFieldKinds.isPath(name, in: type) || name == TenantField.all
                    || output == .table && noun.entry.bindableFields.contains(name)
            }
        if needsThem { printer.custom = try await CustomFieldKinds(of: noun, steward) }
        return printer
    }

    /// Shows records, with the names of those that they name.
    func show(
        _ records: [Message], of type: MessageDescriptor, preferred: [String], _ steward: StewardConnection
    ) async throws {
        let printer = try await printer(of: type, preferred: preferred, steward)
        let names = try await ReferenceNames.look(
            up: try printer.selected(of: type, preferred: preferred), in: records, steward)
        try printer.show(records, of: type, preferred: preferred, names: names)
    }

    /// Shows one record; in a table, what the records are called that it names.
    func show(one record: Message, _ steward: StewardConnection) async throws {
        let isTable = output == .table && !ids
        let held = isTable ? record.descriptor.fields.filter { record.has($0) }.map(\.name) : []
        let printer = try await printer(of: record.descriptor, preferred: held, steward)
        var wanted = try printer.selected(of: record)
        if isTable {
            wanted += record.descriptor.fields.compactMap { RecordColumn.reference(of: $0, in: record.descriptor) }
        }
        try printer.show(one: record, names: try await ReferenceNames.look(up: wanted, in: [record], steward))
    }
}
