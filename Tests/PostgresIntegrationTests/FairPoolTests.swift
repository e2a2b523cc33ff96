import Observability
import Postgres
import Reactor
import Synchronization
import Tenancy
import TestPostgres
import Testing

/// What one tenant does with its connections leaves others theirs, with a real server.
@Suite struct FairPoolTests {
    private static let sleep = Statement("SELECT pg_sleep(30)")
    private static let shortSleep = Statement("SELECT pg_sleep(0.015)")
    private static let shorterSleep = Statement("SELECT pg_sleep(0.002)")
    private static let count = Statement("SELECT count(*) FROM {schema}.things")
    private static let pid = Statement("SELECT pg_backend_pid()")

    private func scope(
        _ tenant: TestTenant, _ access: TransactionAccess = .readOnly
    ) -> TransactionScope {
        TransactionScope(
            access: access, tenant: tenant.id, service: .customer, deadline: TestPostgres.deadline(.seconds(20)))
    }

    @Test func aTenantThatTakesAllItMayLeavesOthersAConnection() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { greedy in
            try await postgres.withTenant(thingStream) { other in
                let pool = postgres.pool(.customer, size: 4)
                let long = (0..<12).map { _ in
                    Task(executorPreference: pool.loop) {
                        _ = try await pool.run(scope(greedy, .readWrite), Self.sleep, Parameters())
                    }
                }
                while pool.leasedCount < 2 || pool.waiterCount < 10 { await Task.yield() }
                for _ in 0..<5 {
                    let count = try await pool.run(scope(other), Self.count, Parameters()).one().int64(0)
                    #expect(count == 0)
                }
                #expect(pool.leasedCount == 2 && pool.waiterCount == 10)
                for task in long { task.cancel() }
                for task in long { _ = await task.result }
                await pool.close(deadline: 0)
            }
        }
    }

    /// However its homes lie: what a tenant does with several connections at once makes nobody wait who has none.
    @Test func whoHasNothingWaitsForNoneOfManyShortStatements() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { greedy in
            let pool = postgres.pool(.customer, size: 8)
            try await openAll(8, of: pool)
            let greedyWork = (0..<12).map { _ in
                Task(executorPreference: pool.loop) {
                    while true { _ = try await pool.run(scope(greedy), Self.shortSleep, Parameters()) }
                }
            }
            while pool.leasedCount < 4 || pool.waiterCount < 8 { await Task.yield() }
            let account = WaitCount()
            for _ in 0..<200 {
                // While the others' statements go on; it belongs to no tenant.
                _ = try await pool.run(.login(), Self.shorterSleep, Parameters())
                // It has no role that could be taken on: what counts is that it was lent a connection.
                await #expect(throws: PostgresError.self) {
                    try await CurrentWork.$account.withValue(account) {
                        try await pool.transaction(scope(TestTenant())) { _ in }
                    }
                }
            }
            #expect(account.count.withLock { $0 } == 0)
            for task in greedyWork { task.cancel() }
            for task in greedyWork { _ = await task.result }
            await pool.close(deadline: 0)
        }
    }

    /// Opens every connection of a pool.
    private func openAll(_ count: Int, of pool: PostgresPool) async throws {
        let sleeps = (0..<count).map { _ in
            Task(executorPreference: pool.loop) { try await pool.run(.login(), Self.sleep, Parameters()) }
        }
        let end = TestPostgres.deadline()
        while pool.leasedCount < count {
            try #require(MonotonicTime.now() < end, "\(pool.leasedCount) are open")
            await Task.yield()
        }
        for sleep in sleeps { sleep.cancel() }
        for sleep in sleeps { _ = await sleep.result }
        while pool.leasedCount > 0 { await Task.yield() }
    }

    /// Scans whose time is not known run one after the other, and those that would wait for long are told.
    @Test func scansOfATenantTakeTurns() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 8)
            let scans = (0..<20).map { number in
                let scan = Statement(unsafeGenerated: "SELECT pg_sleep(30), \(number)", isScan: true)
                return Task(executorPreference: pool.loop) {
                    _ = try await pool.run(scope(tenant), scan, Parameters())
                }
            }
            // Sixteen came into the line; one of them has been served since a connection is open.
            let end = TestPostgres.deadline()
            while pool.waiterCount != 15 || pool.leasedCount != 1 {
                try #require(MonotonicTime.now() < end, "\(pool.waiterCount) wait, \(pool.leasedCount) are served")
                await Task.yield()
            }
            // What is no scan does not wait for them.
            let count = try await pool.run(scope(tenant), Self.count, Parameters()).one().int64(0)
            #expect(count == 0)
            for scan in scans.dropFirst(16) {
                guard case .failure(let error as PostgresError) = await scan.result else {
                    Issue.record("it was served")
                    continue
                }
                #expect(error.kind == .tenantBusy)
            }
            for scan in scans { scan.cancel() }
            for scan in scans { _ = await scan.result }
            await pool.close(deadline: 0)
        }
    }

    @Test func readingEndsAtItsOwnTime() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 4) { $0.readTimeout = .milliseconds(200) }
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(scope(tenant), Self.sleep, Parameters())
            }
            #expect(error?.kind == .readTimeout && error?.limit == .milliseconds(200))
            // A write may take what its caller allows.
            _ = try await pool.run(scope(tenant, .readWrite), Statement("SELECT pg_sleep(0.3)"), Parameters())
            await pool.close(deadline: 0)
        }
    }

    @Test func waitingForALockIsReadingToo() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 4) { $0.readTimeout = .milliseconds(200) }
            let admin = postgres.superuserPool()
            let name = try #require(TenantSchema(tenantID: tenant.id, service: .customer)).name
            try await admin.transaction(.login(.readWrite)) { sql in
                try sql.enqueue(unsafeCommand: "LOCK TABLE \(name).things IN ACCESS EXCLUSIVE MODE")
                try await sql.flush()
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await pool.run(scope(tenant), Self.count, Parameters())
                }
                #expect(error?.kind == .readTimeout)
            }
            await pool.close(deadline: 0)
            await admin.close(deadline: 0)
        }
    }

    // MARK: Replacement

    /// Under load too: the backend is measured when what it was given may have filled it.
    @Test func aBackendThatMayBeFullIsMeasuredAndReplaced() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1) { $0.backendBytesMax = 2 << 20 }
            let first = try await pool.run(.login(), Self.pid, Parameters()).one().int32(0)
            var (count, last) = (0, first)
            while last == first, count < 2_000 {
                let statement = Statement(unsafeGenerated: "SELECT pg_backend_pid(), \(count)")
                last = try await pool.run(.login(), statement, Parameters()).one().int32(0)
                count += 1
            }
            #expect(last != first, "\(count) statements were prepared")
            #expect(count > 40, "it was replaced before it was full")
            await pool.close(deadline: 0)
        }
    }

    @Test func aSuccessorKnowsWhatItsPredecessorKnew() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1) { $0.connectionAgeMax = .zero }
            let known = Statement(
                "SELECT pg_backend_pid(), (SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%.things')"
            )
            func look() async throws -> (pid: Int32, count: Int64) {
                let row = try await pool.run(.login(), known, Parameters()).one()
                return (try row.int32(0), try row.int64(1))
            }
            _ = try await pool.run(scope(tenant), Self.count, Parameters())
            let first = try await look()
            var successor = first
            while successor.pid == first.pid { successor = try await look() }
            // It was never asked for the tenant's things.
            #expect(successor.count == 1)
            await pool.close(deadline: 0)
        }
    }
}

/// How often a connection was waited for.
private final class WaitCount: WorkAccount {
    let databaseLabel: String? = nil
    let count = Mutex(0)

    func waitedForConnection(nanoseconds: UInt64) { count.withLock { $0 += 1 } }
    func usedDatabase(_ name: String, from begin: UInt64, to end: UInt64, isScan: Bool, error: String?) {}
}
