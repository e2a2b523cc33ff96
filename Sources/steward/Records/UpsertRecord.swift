import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

struct UpsertRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let (noun, key) = (Record.noun.name, Record.entry.key ?? "")
        return CommandConfiguration(
            commandName: "upsert", abstract: "Changes the record that has a key, or creates it.",
            discussion: """
                \(RecordCommands.fieldList(Record.noun))
                Fields are written as for create; field= clears one. The record is found by \(key), or by the field that --by
                names; of several commands at once one creates it and the others change it.

                Examples:
                  steward \(noun) upsert \(key)=VALUE field=value
                """)
    }

    @OptionGroup var options: RecordOptions
    @Option(help: "The field by which the record is found, one that is unique.") var by: String?
    @Option(help: "Version of the record that was read.") var version: Int64?
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?
    @Argument(help: "field=value …") var assignments: [String]

    func run() async throws {
        try FieldsSet.check(assignments, of: Record.noun.record)
        try RecordCommands.refuseFieldsOfService(assignments, Record.noun)
        guard let method = Record.entry.methods.upsert, let key = by ?? Record.entry.key else { return }
        let client = try await options.client(Record.noun)
        let resolved = try await ResolvedAssignments(assignments, of: Record.noun, client.connection)
        let answer = try await client.connection.call(method, requestID: requestID) { request in
            try FieldAssignment.set("match_field", to: key, in: request)
            try client.fillRecord(of: request) { record in
                if let version { try FieldAssignment.set("version", to: String(version), in: record) }
                return try resolved.apply(to: record).filter { $0 != key && $0 != "id" }
            }
        }
        let isNew = answer.descriptor.field("created").map { answer.bool($0) } ?? false
        Terminal.note(isNew ? "created" : "was there")
        try await options.show(one: client.record(answer), client.connection)
    }
}
