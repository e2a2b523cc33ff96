import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import Wire

/// Who works on a record: its owner, co-owners and followers. A member is a share with a user that says what he is in the team.
struct RecordTeam<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        let noun = Record.noun.name
        return CommandConfiguration(
            commandName: "team", abstract: "Shows and changes who works on a record.",
            discussion: """
                Beside its owner a record has co-owners, who may change it, and followers, who may read it.

                Examples:
                  steward \(noun) team list ID
                  steward \(noun) team add ID rep@demo.example
                  steward \(noun) team add ID boss@demo.example --follower
                  steward \(noun) team remove ID rep@demo.example
                  steward \(noun) list --team
                """,
            subcommands: [ListTeam<Record>.self, JoinTeam<Record>.self, LeaveTeam<Record>.self])
    }
}

struct ListTeam<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Shows the owner of a record, its co-owners and its followers.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        let answer: ListSharesResponse = try await client.connection.channel.call(
            Record.noun.sharing.listShares, ListSharesRequest(object: Record.noun.object, id: id), CallOptions())
        let members = answer.shares.filter { $0.teamRole != nil && $0.teamRole != .unspecified }
        let order: [TeamRole?] = [.coOwner, .follower]
        try await options.show(
            shares: members.sorted {
                order.firstIndex(of: $0.teamRole) ?? order.count < order.firstIndex(of: $1.teamRole) ?? order.count
            }, client.connection)
    }
}

struct JoinTeam<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "add", abstract: "Makes a user a co-owner or a follower of a record.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String
    @Argument(help: "Id, e-mail address or name of the user.") var user: String
    @Flag(help: "A follower, who reads, in place of a co-owner.") var follower = false
    @Option(name: .customLong("until"), help: "When it ends, as 2027-01-31T18:00:00Z.") var end: String?
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        var share = RecordShare(
            userID: try await RecordClient(connection: client.connection, noun: User.noun).id(of: user))
        share.teamRole = follower ? .follower : .coOwner
        share.untilTime = try end.map(ShareSubject.time)
        let answer: ShareRecordResponse = try await client.connection.channel.call(
            Record.noun.sharing.shareRecord, ShareRecordRequest(object: Record.noun.object, id: id, share: share),
            .write(requestID))
        try await options.show(shares: answer.shares, client.connection)
    }
}

struct LeaveTeam<Record: RecordMessage>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "remove", abstract: "Takes a user out of the team of a record.")
    }

    @OptionGroup var options: RecordOptions
    @Argument(help: RecordCommands.idHelp(Record.noun)) var record: String
    @Argument(help: "Id, e-mail address or name of the user.") var user: String
    @Option(help: "Makes a repetition harmless: the same id gets the same answer.") var requestID: String?

    func run() async throws {
        let client = try await options.client(Record.noun)
        let id = try await client.id(of: record)
        let member = try await RecordClient(connection: client.connection, noun: User.noun).id(of: user)
        let answer: UnshareRecordResponse = try await client.connection.channel.call(
            Record.noun.sharing.unshareRecord,
            UnshareRecordRequest(object: Record.noun.object, id: id, userID: member), .write(requestID))
        try await options.show(shares: answer.shares, client.connection)
    }
}
