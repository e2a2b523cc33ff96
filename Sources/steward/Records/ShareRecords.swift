import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import Wire

struct ShareRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "share", abstract: "Shares a record with a user, a department or a role.",
            discussion: """
                \(ShareSubject.help) A share for writing lets change the record, and neither delete it nor give it away. Sharing again with the
                same one replaces the share.

                Examples:
                  steward \(noun) share ID --with user:rep@demo.example
                  steward \(noun) share ID --with department:Sales --access write
                  steward \(noun) share ID --with role:Support --until 2027-01-31T18:00:00Z
                """)
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String
    @Option(name: .customLong("with"), help: "user:NAME, department:NAME or role:NAME, or an id in place of the name.")
    var subject: String
    @Option(help: "read or write.") var access = "read"
    @Option(name: .customLong("until"), help: "When it ends, as 2027-01-31T18:00:00Z.") var end: String?
    @Flag(help: "Not with the departments below.") var membersOnly = false
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        var share = try await ShareSubject(subject).share(client.connection)
        share.access = try ShareSubject.access(access)
        share.untilTime = try end.map(ShareSubject.time)
        if membersOnly {
            guard share.departmentID != nil else {
                throw UsageProblem("--members-only is for departments", cure: "leave it out")
            }
            share.includeDescendants = false
        }
        let answer: ShareRecordResponse = try await client.connection.channel.call(
            Record.noun.sharing.shareRecord, ShareRecordRequest(object: Record.noun.object, id: id, share: share),
            .write(requestID))
        try await options.show(shares: answer.shares, client.connection)
    }
}

struct UnshareRecord<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "unshare", abstract: "Ends a share of a record.",
            discussion: """
                Example:
                  steward \(noun) unshare ID --with user:rep@demo.example
                """)
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String
    @Option(name: .customLong("with"), help: "user:NAME, department:NAME or role:NAME, or an id in place of the name.")
    var subject: String
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        let share = try await ShareSubject(subject).share(client.connection)
        let answer: UnshareRecordResponse = try await client.connection.channel.call(
            Record.noun.sharing.unshareRecord,
            UnshareRecordRequest(
                object: Record.noun.object, id: id, userID: share.userID, departmentID: share.departmentID,
                roleID: share.roleID), .write(requestID))
        try await options.show(shares: answer.shares, client.connection)
    }
}

struct ListShares<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "shares", abstract: "Shows with whom a record is shared.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String

    func run() async throws {
        let client = try await options.client(Record.noun)
        let answer: ListSharesResponse = try await client.connection.channel.call(
            Record.noun.sharing.listShares,
            ListSharesRequest(object: Record.noun.object, id: try await client.id(of: record)), CallOptions())
        try await options.show(shares: answer.shares, client.connection)
    }
}

struct ExplainAccess<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "access", abstract: "Tells what somebody may do with a record, and why.",
            discussion: """
                By which roles, and by which shares. Of others it is told to who may share the record.

                Examples:
                  steward \(noun) access ID
                  steward \(noun) access ID --user rep@demo.example
                """)
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String
    @Option(help: "Id, e-mail address or name of another user.") var user: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        var other: String?
        if let user { other = try await RecordClient(connection: client.connection, noun: User.noun).id(of: user) }
        let answer: ExplainAccessResponse = try await client.connection.channel.call(
            Record.noun.sharing.explainAccess,
            ExplainAccessRequest(object: Record.noun.object, id: id, userID: other), CallOptions())
        try await options.show(
            answer.actions.map { $0.message(in: Arena()) }, of: ActionAccess.descriptor,
            preferred: ["action", "allowed", "in_scope", "scope", "role", "shares", "sharing_rule", "parent_ids"],
            client.connection)
    }
}

/// Whom a record is shared with, as typed.
struct ShareSubject {
    static let help = "Name whom: user:NAME, department:NAME (those below it included) or role:NAME."

    /// user, department or role.
    let kind: String
    let name: String

    init(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["user", "department", "role"].contains(parts[0]), !parts[1].isEmpty else {
            throw UsageProblem(
                "\(text) does not say whom",
                cure: "write user:NAME, department:NAME or role:NAME, as in user:rep@demo.example")
        }
        (kind, name) = (parts[0], parts[1])
    }

    /// A share with the id of what is meant.
    func share(_ connection: StewardConnection) async throws -> RecordShare {
        guard let noun = RecordNouns.of(object: kind) else { preconditionFailure("\(kind) is a kind of records") }
        let id = try await RecordClient(connection: connection, noun: noun).id(of: name)
        return switch kind {
        case "user": RecordShare(userID: id)
        case "department": RecordShare(departmentID: id)
        default: RecordShare(roleID: id)
        }
    }

    static func access(_ text: String) throws -> ShareAccess {
        switch text {
        case "read": return .read
        case "write": return .write
        default: throw UsageProblem("\(text) is no access that a share gives", cure: "write read or write")
        }
    }

    static func time(_ text: String) throws -> Timestamp {
        guard let time = Timestamp(text) else {
            throw UsageProblem("\(text) is no time", cure: "write it as 2027-01-31T18:00:00Z")
        }
        return time
    }
}

extension RecordNoun {
    /// The methods by which its records are shared.
    var sharing: SharingServiceOf { SharingServiceOf(package: "steward.\(service).v1") }
}

extension RecordOptions {
    func show(shares: [RecordShare], _ steward: StewardConnection) async throws {
        if shares.isEmpty, output == .table { return Terminal.note("shared with nobody") }
        try await show(
            shares.map { $0.message(in: Arena()) }, of: RecordShare.descriptor,
            preferred: [
                "user", "department", "include_descendants", "role", "access", "team_role", "until_time", "sharer",
            ],
            steward)
    }
}
