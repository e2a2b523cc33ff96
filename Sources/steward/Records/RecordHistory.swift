import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

/// The changes of one record, newest first.
struct RecordHistory<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "history", abstract: "Shows who changed a record, when, and from what to what.",
            discussion: """
                Newest first, as far as you may see the record and its fields now. Values are shown as get shows them.

                Examples:
                  steward \(Record.noun.name) history ID --limit 20
                  steward \(Record.noun.name) history ID --deleted --output json
                """)
    }

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var id: String

    @Option(help: "table, json, csv with a line for each field, or sheet: CSV in which no text is a formula.")
    var output: OutputFormat = .table

    @Option(parsing: .unconditional, help: "Most changes to show; all: no limit.")
    var limit = RecordLimit.usual

    @Flag(help: "The record is a deleted one.")
    var deleted = false

    @Flag(help: "Shows ids of users and other records, not their names.")
    var ids = false

    func run() async throws {
        let most = try limit.most()
        let client = RecordClient(connection: try await connection.connectSignedIn(), noun: Record.noun)
        let id = try await deleted ? client.deletedID(of: id) : client.id(of: id)
        let (changes, hasMore) = try await changes(of: id, atMost: most, client)
        let history = HistoryText(
            changes, of: Record.noun.record, names: try await names(in: changes, client.connection))
        switch output {
        case .json: Terminal.line(JSONText.array(changes.map { MessageJSON.text($0) }))
        case .csv, .sheet: for line in history.csv(output) { Terminal.line(line) }
        case .table where changes.isEmpty: Terminal.note("no changes that you may see")
        case .table: for line in history.table().lines(width: Terminal.width) { Terminal.line(line) }
        }
        if hasMore, output == .table { Terminal.note("there are more: --limit all shows them") }
    }

    /// The newest changes, and whether there are older ones.
    private func changes(
        of id: String, atMost most: Int, _ client: RecordClient
    ) async throws -> ([Message], hasMore: Bool) {
        var changes: [Message] = []
        var token: String?
        repeat {
            let answer = try await client.call(\.listChanges) { request in
                try FieldAssignment.set("id", to: id, in: request)
                if deleted { try FieldAssignment.set("show_deleted", to: "yes", in: request) }
                let size = RecordLimit.pageSize(most, after: changes.count)
                try FieldAssignment.set("page_size", to: String(size), in: request)
                if let token { try FieldAssignment.set("page_token", to: token, in: request) }
            }
            if let field = answer.descriptor.field("changes") { changes += answer.messages(field) }
            token = answer.descriptor.field("next_page_token").flatMap { answer.string($0) }
        } while token != nil && changes.count < most
        return (changes, token != nil)
    }

    /// What the users are called who changed it, and the records that its values name.
    private func names(in changes: [Message], _ connection: StewardConnection) async throws -> ReferenceNames {
        guard !ids, output == .table, let change = changes.first?.descriptor else { return .none }
        let people = ["actor_id", "on_behalf_of_id"].compactMap { change.field($0) }.map {
            RecordColumn.reference($0.name, $0, User.noun)
        }
        let values = ["before", "after"].compactMap { change.field($0) }.flatMap { field in
            changes.compactMap { $0.message(field) }
        }
        let record = Record.noun.record
        let references = record.fields.compactMap { RecordColumn.reference(of: $0, in: record) }
        let names = try await ReferenceNames.look(up: people, in: changes, connection)
        return names.joined(with: try await ReferenceNames.look(up: references, in: values, connection))
    }
}
