import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// Who may not export reads so many records a day, by whatever calls.
@Suite struct ReadBudgetTests {
    private static let limit = 100

    private static func run(_ body: @escaping @Sendable (TestService, UserID, [String]) async throws -> Void)
        async throws
    {
        try await TestService.run(SampleService.definition) { service in
            service.set(WorkspaceSettings(readRowsPerDayMax: Int64(limit)))
            let ids = try await service.batchCreate((0..<150).map { Account(displayName: "n\($0)") }).records
                .compactMap(\.id)
            try await body(service, service.makeUser([("account", "read", .all)]), ids)
        }
    }

    /// Rows that the user gets until he is refused, by pages of this size.
    private static func read(_ service: TestService, as user: UserID, by size: Int32) async -> (Int, RPCError?) {
        var count = 0
        var token: String?
        do {
            repeat {
                let page = try await service.accounts(as: user).listAccounts(
                    ListAccountsRequest(pageSize: size, pageToken: token))
                count += page.records.count
                token = page.nextPageToken
            } while token != nil
            return (count, nil)
        } catch {
            return (count, error)
        }
    }

    @Test func aListEndsAtTheLimitAndSaysHow() async throws {
        try await Self.run { service, user, _ in
            let (count, error) = await Self.read(service, as: user, by: 30)
            #expect(count == Self.limit)
            let refused = try #require(error)
            #expect(refused.code == .resourceExhausted && refused.reason == "READ_BUDGET_EXHAUSTED")
            let details = Dictionary(refused.details.map { ($0.key, $0.value) }) { first, _ in first }
            #expect(details["limit"] == "100" && details["reset_time"]?.hasSuffix("T00:00:00Z") == true)
            #expect(refused.message.contains("account.export"))
            // Single records are no way of paging.
            let first = try await service.list(Account.self).first
            _ = try await service.get(try #require(first), as: user)
        }
    }

    @Test func onlyWhatWasReadIsCounted() async throws {
        try await Self.run { service, user, ids in
            for _ in 0..<20 {
                let page = try await service.accounts(as: user).listAccounts(
                    ListAccountsRequest(filterExpression: "display_name = \"n1\"", pageSize: 1_000))
                #expect(page.records.count == 1)
            }
            let unknown = (0..<60).map { _ in RecordID.make().text }
            _ = try await service.accounts(as: user).batchGetAccounts(
                BatchGetAccountsRequest(ids: unknown + ids.prefix(10)))
            let wrong = try await refusal {
                try await service.accounts(as: user).listAccounts(ListAccountsRequest(filterExpression: "nothing = 1"))
            }
            #expect(wrong?.reason == "FILTER_FIELD_UNKNOWN")
            let (count, _) = await Self.read(service, as: user, by: 7)
            #expect(count == Self.limit - 30)
        }
    }

    @Test func batchesAndHistoriesCount() async throws {
        try await Self.run { service, user, ids in
            let client = service.accounts(as: user)
            #expect(
                try await client.batchGetAccounts(BatchGetAccountsRequest(ids: Array(ids.prefix(70)))).records.count
                    == 70)
            let refused = try await refusal {
                try await client.batchGetAccounts(BatchGetAccountsRequest(ids: Array(ids.suffix(70))))
            }
            #expect(refused?.reason == "READ_BUDGET_EXHAUSTED")
            for id in ids.prefix(30) {
                #expect(try await client.listAccountChanges(ListAccountChangesRequest(id: id)).changes.count == 1)
            }
            let over = try await refusal { try await client.listAccountChanges(ListAccountChangesRequest(id: ids[40])) }
            #expect(over?.reason == "READ_BUDGET_EXHAUSTED")
        }
    }

    @Test func callsAtTheSameTimeGetNoMore() async throws {
        try await Self.run { service, user, _ in
            let count = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { await Self.read(service, as: user, by: 9).0 } }
                return await group.reduce(0, +)
            }
            #expect(count == Self.limit)
        }
    }

    @Test func anotherInstanceKnowsAndARestartForgetsNothing() async throws {
        try await Self.run { service, user, _ in
            let other = try TestService(service.definition, service.postgres, service.tenant, service.databases)
            other.adopt(service)
            let first = try await service.accounts(as: user).listAccounts(ListAccountsRequest(pageSize: 40))
            #expect(first.records.count == 40)
            let (count, error) = await Self.read(other, as: user, by: 10)
            // What the first instance has taken and not used is a block at most.
            #expect(error?.reason == "READ_BUDGET_EXHAUSTED" && count <= 60 && count >= 60 - Self.limit / 20)
        }
    }

    @Test func whoMayExportWhatHeReadsHasNoBudget() async throws {
        try await Self.run { service, _, _ in
            let exporter = service.makeUser([("account", "read", .all), ("account", "export", .all)])
            #expect(await Self.read(service, as: exporter, by: 50).0 == 150)
            let partly = service.makeUser([("account", "read", .all), ("account", "export", .own)])
            #expect(await Self.read(service, as: partly, by: 50).0 == Self.limit)
        }
    }

    @Test func theLimitIsTheWorkspacesAndTheDayItsOwn() async throws {
        try await Self.run { service, user, _ in
            service.set(WorkspaceSettings(readRowsPerDayMax: 0))
            #expect(await Self.read(service, as: user, by: 1).0 == 0)
            service.set(WorkspaceSettings(readRowsPerDayMax: 20))
            #expect(await Self.read(service, as: user, by: 6).0 == 20)
            service.set(WorkspaceSettings(readRowsPerDayMax: 30))
            // The last block, of which only a part was left, counts in full.
            let more = await Self.read(service, as: user, by: 6).0
            #expect((5...10).contains(more))
            try await service.sql("UPDATE {schema}.read_budgets SET day = day - 1")
            service.set(WorkspaceSettings(readRowsPerDayMax: 31))
            #expect(await Self.read(service, as: user, by: 6).0 == 31)
            service.set(WorkspaceSettings())
            #expect(await Self.read(service, as: user, by: 50).0 == 150)
        }
    }
}
