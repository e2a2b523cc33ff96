import Contracts
import CustomerContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// A caller that gives up ends the work for him, down to the statement that runs in the database.
    @Suite(.serialized) struct CancellationJourney {
        /// How the caller gives up.
        enum Way: CaseIterable { case cancels, losesConnection, runsOutOfTime }

        @Test(arguments: Way.allCases) func theStatementEndsWithTheCall(_ way: Way) async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)?.name)
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            _ = try await rep.accounts.listAccounts(ListAccountsRequest())
            // Holds everybody up who wants the table, until it is ended below.
            let holder = Task {
                try await steward.database.run(
                    "DO $$ BEGIN LOCK TABLE \(schema).accounts IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(19); END $$")
            }
            try await eventually("the table is locked") { try await steward.count(Self.holders(schema)) == 1 }

            let timeout: Duration? = way == .runsOutOfTime ? .seconds(2) : .seconds(60)
            let call = Task {
                try await rep.accounts.listAccounts(
                    ListAccountsRequest(), options: CallOptions(timeout: timeout, retries: false))
            }
            try await eventually("the statement waits") { try await steward.count(Self.waiting(schema)) == 1 }
            switch way {
            case .cancels: call.cancel()
            case .losesConnection: await rep.close()
            case .runsOutOfTime: break
            }
            try await eventually("the statement is cancelled", within: .seconds(10)) {
                try await steward.count(Self.waiting(schema)) == 0
            }
            #expect(try await steward.count(Self.holders(schema)) == 1, "the lock went first")
            _ = await call.result
            _ = try await steward.database.rows(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE \(Self.holders(schema))")
            _ = await holder.result
            if way != .losesConnection { await rep.close() }
            await workspace.close()
        }

        private static func holders(_ schema: String) -> String {
            "query LIKE 'DO $$ BEGIN LOCK TABLE \(schema).%' AND wait_event = 'PgSleep'"
        }

        private static func waiting(_ schema: String) -> String {
            "query LIKE '%\(schema).accounts%' AND wait_event_type = 'Lock'"
        }
    }
}

extension TestSteward {
    /// Backends of PostgreSQL of which this holds.
    fileprivate func count(_ condition: String) async throws -> Int {
        let rows = try await database.rows("SELECT count(*)::text FROM pg_stat_activity WHERE \(condition)")
        return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? -1
    }
}
