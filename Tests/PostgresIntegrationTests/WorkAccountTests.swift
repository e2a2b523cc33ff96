import Observability
import Postgres
import Reactor
import Synchronization
import Tenancy
import TestPostgres
import Testing

/// What the database tells those whom it works for.
@Suite struct WorkAccountTests {
    private final class Account: WorkAccount {
        let databaseLabel: String?
        let waited = Mutex<[UInt64]>([])
        let used = Mutex<[String]>([])
        let errors = Mutex<[String?]>([])

        init(_ label: String? = nil) { databaseLabel = label }

        func waitedForConnection(nanoseconds: UInt64) { waited.withLock { $0.append(nanoseconds) } }
        func usedDatabase(_ name: String, from begin: UInt64, to end: UInt64, isScan: Bool, error: String?) {
            errors.withLock { $0.append(error) }
            used.withLock { $0.append(end > begin ? name : "backwards") }
        }
    }

    private static let name = Statement(
        "SELECT current_setting('application_name'), (SELECT count(*) FROM {schema}.things)")

    private func scope(_ tenant: TestTenant) -> TransactionScope {
        TransactionScope(
            access: .readOnly, tenant: tenant.id, service: .customer, deadline: TestPostgres.deadline(.seconds(10)))
    }

    private func shown(_ pool: PostgresPool, _ tenant: TestTenant, _ label: String?) async throws -> String {
        try await CurrentWork.$account.withValue(Account(label)) {
            try await pool.run(scope(tenant), Self.name, Parameters()).one().string(0)
        }
    }

    @Test func aLabelIsShownUntilTheTransactionEnds() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let own = try await shown(pool, tenant, nil)
            let label = "4bf92f3577b34da6a3ce929d0e0e4736 AccountService/GetAccount"
            #expect(try await shown(pool, tenant, label) == label)
            // The statement stays prepared: the same connection runs it with and without a label.
            #expect(try await shown(pool, tenant, nil) == own)
            let seen = try await CurrentWork.$account.withValue(Account(label)) {
                try await pool.transaction(scope(tenant)) { sql in
                    try await sql.query(Self.name, Parameters()).one().string(0)
                }
            }
            #expect(seen == label)
            await pool.close(deadline: 0)
        }
    }

    @Test func nothingCanBeSmuggledInByALabel() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let hostile = try await shown(pool, tenant, "x'; DROP TABLE things; --\\\u{0}\"$$é")
            #expect(hostile == "x DROP TABLE things ")
            let quote = try await shown(pool, tenant, "'")
            #expect(quote == "")
            await pool.close(deadline: 0)
        }
    }

    private static let failing = Statement("SELECT 1 / (count(*) - count(*)) FROM {schema}.things")

    @Test func aStatementThatFailedIsToldAndOnlyOnce() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let account = Account()
            try await CurrentWork.$account.withValue(account) {
                _ = try await pool.run(scope(tenant), Self.name, Parameters())
                _ = try? await pool.run(scope(tenant), Self.failing, Parameters())
                // Also when whoever asked caught it, and the rollback went well.
                _ = try? await pool.transaction(scope(tenant)) { sql in
                    _ = try? await sql.query(Self.failing, Parameters())
                }
                _ = try? await pool.transaction(scope(tenant)) { _ in throw CancellationError() }
                _ = try await pool.run(scope(tenant), Self.name, Parameters())
            }
            #expect(account.errors.withLock { $0 } == [nil, "22012", "22012", nil, nil])
            await pool.close(deadline: 0)
        }
    }

    @Test func timeIsToldToWhomItWasSpentFor() async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let pool = postgres.pool(.customer, size: 1)
            let first = Account()
            let second = Account()
            // The second has to wait, since the first has the only connection.
            try await CurrentWork.$account.withValue(first) {
                try await pool.transaction(scope(tenant)) { sql in
                    _ = try await sql.query(Self.name, Parameters())
                    let waiting = Task(executorPreference: pool.loop) {
                        try await CurrentWork.$account.withValue(second) {
                            _ = try await pool.run(scope(tenant), Self.name, Parameters())
                        }
                    }
                    while pool.waiterCount == 0 { await Task.yield() }
                    return waiting
                }
            }.value
            #expect(first.waited.withLock { $0 }.count <= 1 && first.used.withLock { $0 } == ["default"])
            #expect(second.waited.withLock { $0.count } == 1 && second.used.withLock { $0 } == ["default"])
            await pool.close(deadline: 0)
        }
    }
}
