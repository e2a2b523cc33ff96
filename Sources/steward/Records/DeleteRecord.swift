import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

struct DeleteRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "delete", abstract: "Deletes records; steward \(noun) restore brings them back.",
            discussion: """
                Several records are deleted or refused each alone.

                Examples:
                  steward \(noun) delete ID
                  steward \(noun) delete ID ID ID
                  steward \(noun) delete --from old.csv
                """)
    }

    @OptionGroup var options: RecordOptions
    @OptionGroup var several: SeveralRecords
    @Argument(help: RecordCommands.idHelp(Record.noun)) var records: [String] = []

    func run() async throws {
        let client = try await options.client(Record.noun)
        let ids = try await several.ids(records, Record.noun) { try await client.id(of: $0) }
        let losses = several.from == nil ? try await ObjectDeletion.losses(of: ids, client) : []
        guard ids.count == 1, several.from == nil else {
            var batch = RecordBatch(client, \.batchDelete, done: "deleted")
            try await batch.send(several.items(ids), requestID: several.requestID)
            if options.output != .table {
                try await options.show(
                    batch.records, of: Record.noun.record, preferred: Record.noun.columns, client.connection)
            }
            for loss in losses { Terminal.note(loss) }
            return try batch.end()
        }
        let answer = try await client.call(\.delete, requestID: several.requestID) { request in
            try FieldAssignment.set("id", to: ids[0], in: request)
        }
        Terminal.note("deleted \(ids[0])")
        for loss in losses { Terminal.note(loss) }
        guard options.output != .table else { return }
        try await options.show(one: client.record(answer), client.connection)
    }
}

struct RestoreRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "restore", abstract: "Brings deleted records back.",
            discussion: """
                Several records come back or are refused each alone.

                Examples:
                  steward \(noun) restore ID
                  steward \(noun) restore --from old.csv
                """)
    }

    @OptionGroup var options: RecordOptions
    @OptionGroup var several: SeveralRecords
    @Argument(help: RecordCommands.idHelp(Record.noun)) var records: [String] = []

    func run() async throws {
        let client = try await options.client(Record.noun)
        let ids = try await several.ids(records, Record.noun) { try await client.deletedID(of: $0) }
        guard ids.count == 1, several.from == nil else {
            var batch = RecordBatch(client, \.batchRestore, done: "restored")
            try await batch.send(several.items(ids), requestID: several.requestID)
            try await options.show(
                batch.records, of: Record.noun.record, preferred: Record.noun.columns, client.connection)
            return try batch.end()
        }
        let answer = try await client.call(\.restore, requestID: several.requestID) { request in
            try FieldAssignment.set("id", to: ids[0], in: request)
        }
        try await options.show(one: client.record(answer), client.connection)
    }
}

/// How several records are named.
struct SeveralRecords: ParsableArguments {
    @Option(help: "CSV file with the ids in a column id, as list --output csv writes it.") var from: String?
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    /// The ids of the records that are named, or that the file names.
    func ids(_ named: [String], _ noun: RecordNoun, _ find: (String) async throws -> String) async throws -> [String] {
        guard named.isEmpty != (from == nil) else {
            throw ValidationError("Name the records, or a file with --from.")
        }
        if let from { return try Self.ids(in: from, noun) }
        var ids: [String] = []
        for name in named { ids.append(try await find(name)) }
        return ids
    }

    func items(_ ids: [String]) -> [RecordBatch.Item] {
        ids.map { id in RecordBatch.Item(name: id) { try FieldAssignment.set("id", to: id, in: $0) } }
    }

    private static func ids(in path: String, _ noun: RecordNoun) throws -> [String] {
        let source = try ImportSource(path: path, record: noun.record)
        let column = try source.header.idColumn(path)
        var ids: [String] = []
        while case let rows = try source.nextRows(RecordBatch.itemsAtOnce), !rows.isEmpty {
            for row in rows {
                guard column < row.fields.count, !row.fields[column].trimmed.isEmpty else {
                    throw UsageProblem("\(path), line \(row.line) has no id", cure: "take the line out")
                }
                ids.append(row.fields[column].trimmed)
            }
        }
        guard !ids.isEmpty else { throw UsageProblem("\(path) names no \(noun.name)", cure: "name another file") }
        return ids
    }
}

extension ImportHeader {
    /// The column that holds the ids of records.
    func idColumn(_ path: String) throws -> Int {
        guard let column = columns.firstIndex(where: { $0.target == .field("id") }) else {
            throw UsageProblem("\(path) has no column id", cure: "write it with list --output csv --columns id,…")
        }
        return column
    }
}
