import ArgumentParser
import Contracts
import StewardClient
import Tenancy
import Wire

struct UndoChange<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "undo", abstract: "Takes one change of a record back.",
            discussion: """
                The fields that the change changed get what they had before. Other changes stay; where one of them changed the same
                field again, nothing is done. A deletion is taken back by restoring, a creation by deleting.

                Examples:
                  steward \(noun) history ID
                  steward \(noun) undo ID --version 7
                """)
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var id: String
    @Option(help: "The version that the change made; history shows it.") var version: Int64
    @Flag(help: "The record is a deleted one.") var deleted = false
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await deleted ? client.deletedID(of: id) : client.id(of: id)
        let answer = try await client.call(\.undo, requestID: requestID) { request in
            try FieldAssignment.set("id", to: id, in: request)
            try FieldAssignment.set("version", to: String(version), in: request)
        }
        try await options.show(one: client.record(answer), client.connection)
    }
}
