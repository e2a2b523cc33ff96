import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

@Suite struct PostgresPoolTests {
    @Test func waitingEndsAtTheDeadline() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1)
            let lease = try await pool.lease(affinity: nil, deadline: TestPostgres.deadline())
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.lease(affinity: nil, deadline: TestPostgres.deadline(.milliseconds(60)))
            }
            #expect(error?.kind == .poolExhausted)
            #expect(pool.waiterCount == 0)
            pool.release(lease)
            pool.release(try await pool.lease(affinity: nil, deadline: TestPostgres.deadline()))
            await pool.close(deadline: 0)
        }
    }

    @Test func aFullLineRefusesAtOnce() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 1) { $0.waiterCountMax = 1 }
            let lease = try await pool.lease(affinity: nil, deadline: TestPostgres.deadline())
            let waiting = Task(executorPreference: pool.loop) {
                try await pool.lease(affinity: nil, deadline: TestPostgres.deadline())
            }
            while pool.waiterCount == 0 { await Task.yield() }
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.lease(affinity: nil, deadline: TestPostgres.deadline())
            }
            #expect(error?.kind == .poolExhausted)
            pool.release(lease)
            pool.release(try await waiting.value)
            await pool.close(deadline: 0)
        }
    }

    @Test func aTenantFindsItsConnectionAgain() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer, size: 2)
            let (first, second) = (TenantID(RecordID.make()), TenantID(RecordID.make()))
            let one = try await pool.lease(affinity: first, deadline: TestPostgres.deadline())
            let two = try await pool.lease(affinity: second, deadline: TestPostgres.deadline())
            pool.release(one)
            pool.release(two)
            for tenant in [first, second] {
                let home = try await pool.lease(affinity: tenant, deadline: TestPostgres.deadline())
                pool.release(home)
                for _ in 0..<4 {
                    let again = try await pool.lease(affinity: tenant, deadline: TestPostgres.deadline())
                    #expect(again.connection === home.connection)
                    pool.release(again)
                }
            }
            await pool.close(deadline: 0)
        }
    }

    @Test func aWornConnectionIsReplacedByOneThatOpensFirst() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1) { $0.connectionAgeMax = .zero }
            let pid = Statement("SELECT pg_backend_pid()")
            let first = try await pool.run(.login(), pid, Parameters()).one().int32(0)
            while try await pool.run(.login(), pid, Parameters()).one().int32(0) == first {}
            #expect(pool.connectionCount <= 2)
            await pool.close(deadline: 0)
        }
    }

    @Test func aWrongDatabaseIsUnavailableAndSaysWhy() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.onLoop {
            let pool = postgres.pool(.customer) { $0.database = "no_such_database" }
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.verify(deadline: TestPostgres.deadline())
            }
            #expect(error?.kind == .unavailable)
            #expect(error?.message.contains("no_such_database") == true)
            await pool.close(deadline: 0)
        }
    }
}
