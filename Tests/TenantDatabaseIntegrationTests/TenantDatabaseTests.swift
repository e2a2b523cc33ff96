import Migrations
import Postgres
import Reactor
import Tenancy
import TenantDatabase
import TestPostgres
import TestSupport
import Testing

private let stream = MigrationStream(
    name: "customer", kind: .tenant(.customer),
    migrations: [
        Migration(
            number: 1, name: "create_things",
            sql:
                "CREATE TABLE {schema}.things (id uuid NOT NULL, name text, CONSTRAINT things_pkey PRIMARY KEY (id))"
        )
    ], rights: TableRights.passing("things", changing: ["name"]))

private let insert = Statement("INSERT INTO {schema}.things (id, name) VALUES ($1, $2)")
private let names = Statement("SELECT name FROM {schema}.things ORDER BY name")

private func thing(_ name: String) -> Parameters {
    var parameters = Parameters()
    parameters.append(RecordID.make())
    parameters.append(name)
    return parameters
}

/// What a test of the module holds.
private struct Fixture {
    let postgres: TestPostgres
    let databases: DatabaseSet
    let database: TenantDatabase

    init(poolSize: Int = 2, versions: ClosedRange<Int> = stream.accepted) async throws {
        postgres = try await TestPostgres.shared()
        databases = postgres.databases(.customer, poolSize: poolSize)
        database = TenantDatabase(
            service: .customer, databases: databases, placements: SinglePlacement(), schemaVersions: versions)
    }

    /// Runs `body` with two tenants.
    func withTenants(
        _ body: @escaping @Sendable (TestTenant, TestTenant) async throws -> Void
    ) async throws {
        try await postgres.withTenant(stream) { one in
            try await postgres.withTenant(stream) { other in try await body(one, other) }
        }
        await databases.close(deadline: 0)
    }
}

@Suite struct TenantDatabaseTests {
    @Test func whatOneTenantWritesAnotherDoesNotSee() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, other in
            let database = fixture.database
            _ = try await database.batch(
                one.actor, deadline: TestPostgres.deadline(), [(insert, thing("a"))])
            let mine = try await database.read(
                one.actor, deadline: TestPostgres.deadline(), names, Parameters())
            let theirs = try await database.read(
                other.actor, deadline: TestPostgres.deadline(), names, Parameters())
            #expect(try mine.map { try $0.string(0) } == ["a"])
            #expect(theirs.isEmpty)
        }
    }

    /// By a login that may see no table of them; what PostgreSQL counted, it says some seconds later.
    @Test func whatIsWrittenIsCountedForItsTenant() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, other in
            func counts() async throws -> [TenantID: Int64?] {
                try await fixture.database.writeCounts(of: "things", deadline: TestPostgres.deadline())
            }
            func write(_ tenant: TestTenant) async throws {
                _ = try await fixture.database.batch(
                    tenant.actor, deadline: TestPostgres.deadline(), [(insert, thing("a")), (insert, thing("b"))])
            }
            func count(of tenant: TestTenant, becomes count: Int64) async throws -> Bool {
                // PostgreSQL tells nobody when it has counted.
                let end = MonotonicTime.now() + 30_000_000_000
                while try await counts()[tenant.id] != .some(.some(count)) {
                    guard MonotonicTime.now() < end else { return false }
                    try await #require(EventLoop.current).sleep(for: .milliseconds(20))
                }
                return true
            }
            #expect(try await counts()[one.id] == .some(.some(0)))
            try await write(one)
            #expect(try await count(of: one, becomes: 2))
            try await write(other)
            #expect(try await count(of: other, becomes: 2))
            try await write(one)
            #expect(try await count(of: one, becomes: 4))
            #expect(try await counts()[other.id] == .some(.some(2)))
        }
    }

    @Test func postgresItselfRefusesAStatementWithAWrongSchema() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, other in
            let wrong = Statement(unsafeGenerated: "SELECT name FROM \(other.schema(.customer).name).things")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.read(
                    one.actor, deadline: TestPostgres.deadline(), wrong, Parameters())
            }
            #expect(error?.sqlState == "42501")
            #expect(error?.kind == .insufficientPrivilege)
        }
    }

    @Test func aStatementPreparedForOneTenantFailsUnderAnother() async throws {
        let fixture = try await Fixture(poolSize: 1)
        try await fixture.withTenants { one, other in
            // The text has no slot, so one prepared statement serves both tenants on the only connection.
            let planted = Statement(unsafeGenerated: "SELECT name FROM \(one.schema(.customer).name).things")
            for _ in 0..<7 {
                _ = try await fixture.database.read(
                    one.actor, deadline: TestPostgres.deadline(), planted, Parameters())
            }
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.read(
                    other.actor, deadline: TestPostgres.deadline(), planted, Parameters())
            }
            #expect(error?.sqlState == "42501")
            _ = try await fixture.database.read(
                one.actor, deadline: TestPostgres.deadline(), planted, Parameters())
        }
    }

    /// A session keeps its role and its timeout while nothing else is wanted: whatever came before, also what failed, was broken off or
    /// rolled back, each transaction runs in the role of its tenant.
    @Test(arguments: UInt64(0)..<6) func everyTransactionHasTheRoleOfItsTenant(seed: UInt64) async throws {
        let fixture = try await Fixture(poolSize: 1)
        try await fixture.withTenants { one, other in
            var random = SeededGenerator(seed: seed)
            let who = Statement("SELECT current_user::text, current_setting('transaction_read_only')")
            let wrong = Statement("SELECT 1 / 0, name FROM {schema}.things")
            struct Regret: Error {}
            for step in 0..<60 {
                let tenant = Bool.random(using: &random) ? one : other
                let deadline = TestPostgres.deadline(.milliseconds(Int.random(in: 900...30_000, using: &random)))
                let role = tenant.schema(.customer).role
                func check(_ rows: Rows, readOnly: Bool) throws {
                    let row = try rows.one()
                    #expect(try row.string(0) == role && row.string(1) == (readOnly ? "on" : "off"), "\(seed), \(step)")
                }
                switch Int.random(in: 0..<6, using: &random) {
                case 0:
                    try check(
                        await fixture.database.read(tenant.actor, deadline: deadline, who, Parameters()),
                        readOnly: true)
                case 1:
                    let rows = try await fixture.database.batch(
                        tenant.actor, deadline: deadline, [(insert, thing("x")), (who, Parameters())])
                    try check(rows[1], readOnly: false)
                case 2:
                    let rows = try await fixture.database.batch(
                        tenant.actor, deadline: deadline, access: .snapshot,
                        [(who, Parameters()), (names, Parameters())])
                    try check(rows[0], readOnly: true)
                case 3:
                    await #expect(throws: PostgresError.self) {
                        _ = try await fixture.database.read(tenant.actor, deadline: deadline, wrong, Parameters())
                    }
                case 4:
                    await #expect(throws: Regret.self) {
                        try await fixture.database.transaction(tenant.actor, deadline: deadline) { transaction in
                            try check(await transaction.query(who, Parameters()), readOnly: false)
                            try transaction.enqueue(insert, thing("never"))
                            throw Regret()
                        }
                    }
                default:
                    await #expect(throws: PostgresError.self) {
                        try await fixture.database.transaction(tenant.actor, deadline: deadline) { transaction in
                            _ = try await transaction.query(wrong, Parameters())
                        }
                    }
                }
            }
        }
    }

    @Test func theLoginHasNoRightsWithoutATenant() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, _ in
            let pool = try fixture.databases.pool(database: "default", partition: 0)
            let scope = TransactionScope(
                access: .readOnly, tenant: nil, service: .customer, deadline: TestPostgres.deadline())
            let planted = Statement(unsafeGenerated: "SELECT name FROM \(one.schema(.customer).name).things")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await pool.run(scope, planted, Parameters())
            }
            #expect(error?.kind == .insufficientPrivilege)
        }
    }

    @Test func theTenantMayNotChangeItsStampOrItsLedger() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, _ in
            for text in [
                "UPDATE {schema}.meta SET version = 9", "DELETE FROM {schema}.ledger",
                "UPDATE {schema}.ledger SET method = 'x'", "DELETE FROM {schema}.schema_migrations",
                "CREATE TABLE {schema}.extra (a int)",
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await fixture.database.batch(
                        one.actor, deadline: TestPostgres.deadline(),
                        [(Statement(unsafeGenerated: text), Parameters())])
                }
                #expect(error?.kind == .insufficientPrivilege, "\(text)")
            }
        }
    }

    @Test func aReadCannotWrite() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, _ in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.read(
                    one.actor, deadline: TestPostgres.deadline(), insert, thing("a"))
            }
            #expect(error?.kind == .readOnlyTransaction)
        }
    }

    @Test func aSchemaInAnotherVersionIsRefused() async throws {
        let fixture = try await Fixture(versions: stream.version + 1...stream.version + 2)
        try await fixture.withTenants { one, _ in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.batch(
                    one.actor, deadline: TestPostgres.deadline(), [(insert, thing("a"))])
            }
            #expect(error?.kind == .stampMismatch)
            let old = TenantDatabase(
                service: .customer, databases: fixture.databases, placements: SinglePlacement(),
                schemaVersions: stream.version...stream.version + 1)
            let rows = try await old.read(one.actor, deadline: TestPostgres.deadline(), names, Parameters())
            #expect(rows.isEmpty)
        }
    }

    @Test func aTenantThatIsNotThereIsNoneOfTheOthers() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { _, _ in
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.read(
                    TestTenant().actor, deadline: TestPostgres.deadline(), names, Parameters())
            }
            // The role does not exist.
            #expect(error?.kind != .connectionLost)
            #expect(error?.sqlState != nil)
        }
    }

    @Test func theServerEndsAStatementThatNobodyCancels() async throws {
        let fixture = try await Fixture()
        try await fixture.withTenants { one, _ in
            let text = Statement("SELECT current_setting('statement_timeout')")
            let row = try await fixture.database.read(
                one.actor, deadline: TestPostgres.deadline(.milliseconds(900)), text, Parameters()
            ).one()
            // What is left of the deadline, however long the way here took.
            let setting = try row.string(0)
            #expect(setting == "1s" || setting.hasSuffix("ms"), "\(setting)")
            let slow = Statement("SELECT pg_sleep(30)::text")
            let error = await #expect(throws: PostgresError.self) {
                _ = try await fixture.database.read(
                    one.actor, deadline: TestPostgres.deadline(.milliseconds(100)), slow, Parameters())
            }
            #expect(error?.kind == .queryCanceled)
        }
    }

    @Test func theStartRefusesASuperuser() async throws {
        let postgres = try await TestPostgres.shared()
        let databases = DatabaseSet(
            loops: postgres.loops, endpoints: [DatabaseEndpoint(partitions: [postgres.superuser])],
            workers: postgres.workers, logger: postgres.logger)
        let error = await #expect(throws: PostgresError.self) {
            try await databases.verify(deadline: TestPostgres.deadline())
        }
        #expect(error?.kind == .refusedServer)
        await databases.close(deadline: 0)
        let proper = postgres.databases(.customer)
        try await proper.verify(deadline: TestPostgres.deadline())
        await proper.close(deadline: 0)
    }
}
