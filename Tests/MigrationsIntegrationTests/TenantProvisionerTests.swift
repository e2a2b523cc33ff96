import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

private let stream = MigrationStream(
    name: "sales", kind: .tenant(.sales),
    migrations: [
        Migration(
            number: 1, name: "create_things",
            sql: "CREATE TABLE {schema}.things (id uuid NOT NULL, CONSTRAINT things_pkey PRIMARY KEY (id))")
    ], rights: TableRights.kept("things"))

@Suite struct TenantProvisionerTests {
    private static let look = """
        SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = '%'), \
        (SELECT count(*) FROM pg_roles WHERE rolname = '%'), \
        (SELECT count(*) FROM pg_auth_members WHERE roleid = (SELECT oid FROM pg_roles WHERE rolname = '%'))
        """

    private func found(_ tenant: TenantID, _ owner: OwnerDatabase) async throws -> [Int64] {
        let name = try #require(TenantSchema(tenantID: tenant, service: .sales)).name
        let text = Self.look.split(separator: "%", omittingEmptySubsequences: false).joined(separator: name)
        let row = try await owner.query(Statement(unsafeGenerated: text)).one()
        return [try row.int64(0), try row.int64(1), try row.int64(2)]
    }

    @Test func preparingTwiceAndDroppingTwiceIsDoingItOnce() async throws {
        let postgres = try await TestPostgres.shared()
        let tenant = TenantID(RecordID.make())
        for _ in 0..<2 {
            let version = try await postgres.provisioner.prepare(tenant, stream: stream, partition: 1)
            #expect(version == stream.version)
            #expect(try await found(tenant, postgres.owner) == [1, 1, 1])
        }
        for _ in 0..<2 {
            try await postgres.provisioner.drop(tenant, stream: stream)
            #expect(try await found(tenant, postgres.owner) == [0, 0, 0])
        }
    }

    /// Everything in the catalogue that a schema consists of, without its name.
    private static let shape = """
        SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
            SELECT relname || ' ' || relkind::text || ' ' || coalesce(relacl::text, '') AS line FROM pg_class
            WHERE relnamespace = '%'::regnamespace
            UNION ALL SELECT attrelid::regclass || ' ' || attname || ' ' || atttypid::regtype || ' ' || attnotnull::text
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = '%'::regnamespace
            UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = '%'::regnamespace
            UNION ALL SELECT 'schema ' || nspacl::text FROM pg_namespace WHERE nspname = '%'
            UNION ALL SELECT 'meta ' || service || version FROM %.meta
            UNION ALL SELECT 'applied ' || stream || number || name || checksum FROM %.schema_migrations) AS shape
        """

    private func shape(_ tenant: TenantID, _ owner: OwnerDatabase) async throws -> String {
        let name = try #require(TenantSchema(tenantID: tenant, service: .sales)).name
        let text = Self.shape.split(separator: "%", omittingEmptySubsequences: false).joined(separator: name)
        let shape = try await owner.query(Statement(unsafeGenerated: text)).one().string(0)
        return shape.split(separator: name, omittingEmptySubsequences: false).joined(separator: "%")
    }

    @Test func aBlankSchemaBecomesWhatIsMadeAnew() async throws {
        let postgres = try await TestPostgres.shared()
        let (plain, claimed, late) = (TenantID(RecordID.make()), TenantID(RecordID.make()), TenantID(RecordID.make()))
        let blank = try await postgres.provisioner.makeBlank(stream)
        #expect(blank.fits(stream))
        #expect(try await postgres.provisioner.blanks().contains(blank))
        _ = try await postgres.provisioner.prepare(plain, stream: stream, partition: 0)
        _ = try await postgres.provisioner.prepare(claimed, stream: stream, partition: 0, blank: blank)
        #expect(try await found(claimed, postgres.owner) == [1, 1, 1])
        #expect(try await shape(claimed, postgres.owner) == shape(plain, postgres.owner))
        #expect(try await !postgres.provisioner.blanks().contains(blank))
        // Somebody else was faster: the schema is made anew.
        _ = try await postgres.provisioner.prepare(late, stream: stream, partition: 0, blank: blank)
        #expect(try await shape(late, postgres.owner) == shape(plain, postgres.owner))
        for tenant in [plain, claimed, late] { try await postgres.provisioner.drop(tenant, stream: stream) }
    }

    @Test func aBlankSchemaOfOtherMigrationsDoesNotFit() async throws {
        let postgres = try await TestPostgres.shared()
        let blank = try await postgres.provisioner.makeBlank(stream)
        let next = MigrationStream(
            name: "sales", kind: .tenant(.sales),
            migrations: stream.migrations + [Migration(number: 2, name: "comment", sql: "SELECT 1")],
            rights: stream.rights)
        #expect(!blank.fits(next))
        // `steward migrate` leaves it alone.
        let schemas = try await MigrationRunner(database: postgres.owner).schemas(of: .sales)
        #expect(!schemas.contains { $0.name == blank.name })
        try await postgres.provisioner.drop(blank)
        #expect(try await !postgres.provisioner.blanks().contains(blank))
    }

    @Test func fourAtOnceForOneTenantMakeOneSchema() async throws {
        let postgres = try await TestPostgres.shared()
        let tenant = TenantID(RecordID.make())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    _ = try await postgres.provisioner.prepare(tenant, stream: stream, partition: 0)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await found(tenant, postgres.owner) == [1, 1, 1])
        try await postgres.provisioner.drop(tenant, stream: stream)
    }

    @Test func aMigrationThatFailsLeavesNothing() async throws {
        let postgres = try await TestPostgres.shared()
        let tenant = TenantID(RecordID.make())
        let broken = MigrationStream(
            name: "sales", kind: .tenant(.sales),
            migrations: [
                Migration(number: 1, name: "break", sql: "CREATE TABLE {schema}.a (b int); SELECT 1 / 0")
            ], rights: [])
        await #expect(throws: PostgresError.self) {
            _ = try await postgres.provisioner.prepare(tenant, stream: broken, partition: 0)
        }
        #expect(try await found(tenant, postgres.owner) == [0, 0, 0])
    }

    @Test func theInstallationCanBeSetUpAgain() async throws {
        let postgres = try await TestPostgres.shared()
        let setup = InstallationSetup(
            database: TestPostgres.databaseName, partitions: [.identity: 2, .customer: 2, .sales: 2],
            connectionsMax: TestPostgres.connectionsMax, passwords: ["steward_sales_1": "it's secret"])
        for _ in 0..<2 {
            try await setup.run(
                superuser: postgres.superuser, loop: postgres.loops.loops[0], workers: postgres.workers,
                logger: postgres.logger)
        }
        #expect(setup.logins.count == 7)
    }
}
