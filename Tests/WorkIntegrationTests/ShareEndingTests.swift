import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import Work

/// A share ends when its time has come: at once for whoever asks, and soon for whoever watches.
@Suite struct ShareEndingTests {
    @Test func aShareEndsByTheClockOfTheDatabase() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let grants: [(object: String, action: String, scope: Scope)] = [("account", "*", .own)]
            let (owner, other, third) = (
                service.makeUser(grants), service.makeUser(grants), service.makeUser(grants)
            )
            let account = try await service.create(Account(displayName: "Acme"), as: owner)
            let end = Timestamp.now().advanced(by: .seconds(4))
            try await service.share("account", account.id, RecordShare(with: third, until: end), as: owner)
            try await service.share("account", account.id, RecordShare(with: other, .write, until: end), as: owner)
            let stays = try await service.share("account", account.id, RecordShare(with: service.home), as: owner)
            #expect(stays.shares.count == 3)
            try await service.unshare("account", account.id, department: service.home, as: owner)
            #expect(try await refusal { try await service.get(account, as: other) } == nil)
            // Too early, nothing is taken away.
            await matching.settle()
            #expect(try await service.get(account, as: owner).shares.count == 2)
            let watch = try await AccountServiceClient(channel: service.channel(as: other)).watchAccounts(
                WatchAccountsRequest())
            var told: [String] = []
            while told.isEmpty { told += try await watch.next()?.records.compactMap(\.id) ?? [] }
            #expect(told == [account.id ?? ""])
            // Nobody has taken the share away yet, and yet it is over: by every method.
            while try await service.number("SELECT (statement_timestamp() < '\(end.text)')::int::bigint") == 1 {}
            let refused = [
                try await denial { try await service.get(account, as: other) }.reason,
                try await denial { try await service.update(Account(id: account.id, city: "Rom"), as: other) }.reason,
            ]
            #expect(refused == ["RECORD_NOT_FOUND", "RECORD_NOT_FOUND"])
            #expect(try await service.list(Account.self, as: other).isEmpty)
            #expect(try await service.shares("account", account.id, as: owner).isEmpty)
            // A program takes it away, and the watcher is told.
            await matching.settle()
            var gone: [String] = []
            while gone.isEmpty { gone += try await watch.next()?.goneIDs ?? [] }
            #expect(gone == [account.id ?? ""])
            let stored = try await service.get(account, as: owner)
            let changes = try await AccountServiceClient(channel: service.channel(as: owner)).listAccountChanges(
                ListAccountChangesRequest(id: account.id, pageSize: 1)
            ).changes
            #expect(stored.shares.isEmpty && changes.first?.purpose == "end_shares")
            #expect(try await service.number("SELECT count(*) FROM {schema}.jobs WHERE state = 'done'") == 1)
            watch.cancel()
        }
    }

    /// A record that is gone, or another date, makes the end of a share no error.
    @Test func whatIsOverIsLeftAlone() async throws {
        try await Matching.run { matching in
            let service = matching.service
            let other = service.makeUser([("account", "*", .own)])
            let (deleted, prolonged) = (
                try await service.create(Account(displayName: "D")), try await service.create(Account(displayName: "P"))
            )
            let end = Timestamp.now().advanced(by: .milliseconds(600))
            for account in [deleted, prolonged] {
                try await service.share("account", account.id, RecordShare(with: other, until: end))
            }
            try await service.share("account", prolonged.id, RecordShare(with: other))
            try await service.delete(deleted)
            while try await service.number("SELECT (statement_timestamp() < '\(end.text)')::int::bigint") == 1 {}
            await matching.settle()
            #expect(try await service.number("SELECT count(*) FROM {schema}.jobs WHERE state = 'done'") == 2)
            #expect(try await refusal { try await service.get(prolonged, as: other) } == nil)
            let restored = try await service.restore(deleted)
            #expect(restored.shares.isEmpty)
        }
    }
}
