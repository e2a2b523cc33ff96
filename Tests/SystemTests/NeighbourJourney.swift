import Contracts
import CustomerContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// What happens in one workspace is not felt in another: with the real programs, and one loop that serves both.
    @Suite(.serialized) struct NeighbourJourney {
        /// A table of A is locked for long and many reads of A wait for it: B is served meanwhile, A is told, and all is well again
        /// when the lock is gone.
        @Test func aLockedTableOfOneWorkspaceStopsNobodyElse() async throws {
            let steward = try await TestSteward.shared()
            let (stuck, free) = (try await steward.makeWorkspace(), try await steward.makeWorkspace())
            let (_, one) = try await stuck.connect(as: "rep@\(stuck.name).example", roles: ["Sales rep"])
            let (_, other) = try await free.connect(as: "rep@\(free.name).example", roles: ["Sales rep"])
            let schema = try #require(TenantSchema(tenantID: stuck.tenantID, service: .customer)?.name)
            let mine = try #require(try await account(one))
            let theirs = try #require(try await account(other))
            let holder = Task {
                try await steward.database.run(
                    "DO $$ BEGIN LOCK TABLE \(schema).accounts IN ACCESS EXCLUSIVE MODE; PERFORM pg_sleep(19); END $$")
            }
            try await eventually("the table is locked") { try await steward.lockHolders(schema) == 1 }
            let stuckReads = (0..<12).map { number in
                Task {
                    try await refusal {
                        let options = CallOptions(timeout: .seconds(60), retries: false)
                        if number % 2 == 0 {
                            _ = try await one.accounts.getAccount(GetAccountRequest(id: mine), options: options)
                        } else {
                            _ = try await one.accounts.listAccounts(ListAccountsRequest(), options: options)
                        }
                    }
                }
            }
            try await eventually("reads wait for the lock") { try await steward.lockWaiters(schema) >= 2 }
            for _ in 0..<20 {
                let answer = try await other.accounts.getAccount(
                    GetAccountRequest(id: theirs), options: CallOptions(timeout: .seconds(1), retries: false))
                #expect(answer.record?.id == theirs)
            }
            #expect(try await steward.lockHolders(schema) == 1, "the lock went first")
            for read in stuckReads {
                let error = try await read.value
                #expect(error.code == .resourceExhausted, "\(error)")
                #expect(["READ_TIMEOUT", "WORKSPACE_BUSY"].contains(error.reason), "\(error)")
            }
            _ = try await steward.database.rows(
                "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE \(TestSteward.holding(schema))")
            _ = await holder.result
            #expect(try await one.accounts.getAccount(GetAccountRequest(id: mine)).record?.id == mine)
            for connection in [one, other] { await connection.close() }
            for workspace in [stuck, free] { await workspace.close() }
        }

        private func account(_ connection: StewardConnection) async throws -> String? {
            try await connection.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Acme")), options: CallOptions(requestID: "acme")
            ).record?.id
        }
    }
}

extension TestSteward {
    fileprivate static func holding(_ schema: String) -> String {
        "query LIKE 'DO $$ BEGIN LOCK TABLE \(schema).%' AND wait_event = 'PgSleep'"
    }

    fileprivate func lockHolders(_ schema: String) async throws -> Int { try await backends(Self.holding(schema)) }

    fileprivate func lockWaiters(_ schema: String) async throws -> Int {
        try await backends("query LIKE '%\(schema).accounts%' AND wait_event_type = 'Lock'")
    }

    private func backends(_ condition: String) async throws -> Int {
        let rows = try await database.rows("SELECT count(*)::text FROM pg_stat_activity WHERE \(condition)")
        return rows.first?.first.flatMap { $0 }.flatMap { Int($0) } ?? -1
    }
}
