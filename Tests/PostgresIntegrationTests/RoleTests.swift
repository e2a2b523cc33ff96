import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

private let names = Statement("SELECT name FROM {schema}.things")
private let pid = Statement("SELECT pg_backend_pid()")

/// What a backend believes of the memberships of its login. It reads them for that, unless it has since the last grant.
private let belief = Statement("SELECT pg_has_role(session_user, $1::name, 'MEMBER')")

/// Roles that a login may and may not take on.
@Suite struct RoleTests {
    /// PostgreSQL remembers the memberships of a login for each backend. It forgets them with each grant, but not those that it is just
    /// reading: a backend of a login with many roles may believe for long that the newest is none of them.
    @Test(arguments: Shape.allCases) private func aBackendThatMissedAGrantIsLeft(_ shape: Shape) async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let world = RoleWorld(postgres, tenant)
            try await world.withManyRoles {
                let pool = postgres.pool(.customer, partition: RoleWorld.partition, size: 1)
                try await world.mislead(pool)
                let backend = try await pool.run(.login(), pid, Parameters()).one().int32(0)
                try await shape.run(pool, tenant)
                let next = try await pool.run(.login(), pid, Parameters()).one().int32(0)
                #expect(next != backend)
                await pool.close(deadline: 0)
            }
        }
    }

    /// What nobody granted is refused as something that may be mended, and costs nobody a connection; once granted, it is there.
    @Test(arguments: Shape.allCases) private func aMissingGrantIsTold(_ shape: Shape) async throws {
        let postgres = try await TestPostgres.shared()
        try await postgres.withTenant(thingStream) { tenant in
            let world = RoleWorld(postgres, tenant)
            let pool = postgres.pool(.customer, partition: RoleWorld.partition, size: 1)
            let backend = try await pool.run(.login(), pid, Parameters()).one().int32(0)
            for _ in 0..<3 {
                let error = await #expect(throws: PostgresError.self) { try await shape.run(pool, tenant) }
                #expect(error?.kind == .roleRefused && error?.sqlState == "42501")
                #expect(error?.cure?.contains("GRANT") == true && error?.message.contains(world.role) == true)
            }
            try await world.grant()
            try await shape.run(pool, tenant)
            #expect(try await pool.run(.login(), pid, Parameters()).one().int32(0) == backend)
            try await world.revoke()
            let error = await #expect(throws: PostgresError.self) { try await shape.runAgain(pool, tenant) }
            #expect(error?.kind == .roleRefused)
            await pool.close(deadline: 0)
        }
    }
}

/// The shapes of a transaction.
private enum Shape: CaseIterable {
    case read, batch, transaction

    func run(_ pool: PostgresPool, _ tenant: TestTenant) async throws {
        switch self {
        case .read:
            _ = try await pool.run(scope(tenant, .readOnly), names, Parameters())
        case .batch:
            _ = try await pool.run(scope(tenant), [(names, Parameters()), (names, Parameters())])
        case .transaction:
            var count = 0
            try await pool.transaction(scope(tenant)) { sql in
                count += 1
                _ = try await sql.query(names, Parameters())
            }
            // A body is not run again: it may have done something already.
            #expect(count == 1)
        }
    }

    /// After something in the login's own name, so that the role is taken on anew.
    func runAgain(_ pool: PostgresPool, _ tenant: TestTenant) async throws {
        _ = try await pool.run(.login(), pid, Parameters())
        try await run(pool, tenant)
    }

    private func scope(_ tenant: TestTenant, _ access: TransactionAccess = .readWrite) -> TransactionScope {
        TransactionScope(access: access, tenant: tenant.id, service: .customer, deadline: TestPostgres.deadline())
    }
}

/// A login that no other test uses, and the role of a tenant.
private struct RoleWorld {
    static let partition = 1
    let postgres: TestPostgres
    let role: String
    let login: String

    init(_ postgres: TestPostgres, _ tenant: TestTenant) {
        self.postgres = postgres
        role = tenant.schema(.customer).role
        login = postgres.settings(.customer, partition: Self.partition).user ?? ""
    }

    func grant() async throws { try await command("GRANT \(role) TO \(login)") }
    func revoke() async throws { try await command("REVOKE \(role) FROM \(login)") }

    /// With so many roles of the login that a backend reads them for some milliseconds.
    func withManyRoles(_ body: () async throws -> Void) async throws {
        try await command(
            """
            DO $$ BEGIN FOR n IN 1..1500 LOOP
                EXECUTE format('CREATE ROLE test_role_%s', n); EXECUTE format('GRANT test_role_%s TO \(login)', n);
            END LOOP; END $$
            """)
        do { try await body() } catch {
            try? await forgetRoles()
            throw error
        }
        try await forgetRoles()
    }

    private func forgetRoles() async throws {
        try await command(
            "DO $$ BEGIN FOR n IN 1..1500 LOOP EXECUTE format('DROP ROLE test_role_%s', n); END LOOP; END $$")
    }

    /// Grants the role while the only backend of the pool reads its memberships, until it has missed the grant.
    func mislead(_ pool: PostgresPool) async throws {
        var parameters = Parameters()
        parameters.append(role)
        try await postgres.withPool { superuser in
            for attempt in 0..<200 {
                try await superuser.run(
                    unsafeCommand: "REVOKE \(role) FROM \(login)", deadline: TestPostgres.deadline())
                async let granted: Void = grant(superuser, after: Double(attempt % 40) / 10_000)
                _ = try await pool.run(.login(), belief, parameters)
                try await granted
                if try await !pool.run(.login(), belief, parameters).one().bool(0) { return }
            }
            Issue.record("the backend has missed no grant")
        }
    }

    private func grant(_ superuser: PostgresPool, after seconds: Double) async throws {
        try await superuser.transaction(TestPostgres.scope()) { sql in
            try sql.enqueue(unsafeCommand: "GRANT \(role) TO \(login)")
            _ = try await sql.finalQuery(Statement(unsafeGenerated: "SELECT pg_sleep(\(seconds))::text"), Parameters())
        }
    }

    private func command(_ text: String) async throws {
        try await postgres.withPool { pool in
            try await pool.transaction(TestPostgres.scope(.seconds(60))) { sql in
                try sql.enqueue(unsafeCommand: text)
                try await sql.flush()
            }
        }
    }
}
