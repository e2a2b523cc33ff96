import Migrations
import Postgres
import Reactor
import Tenancy
import TestPostgres
import Testing

private let first = Migration(
    number: 1, name: "create_things",
    sql: """
        -- A comment; with a semicolon.
        CREATE TABLE {schema}.things (
            id uuid NOT NULL, note text DEFAULT ';',
            CONSTRAINT things_pkey PRIMARY KEY (id));
        CREATE INDEX things_note_idx ON {schema}.things (note);
        """)
private let second = Migration(
    number: 2, name: "add_things_size", sql: "ALTER TABLE {schema}.things ADD COLUMN size bigint")
private let uniqueNote = Migration(
    number: 2, name: "make_note_unique",
    sql: "ALTER TABLE {schema}.things ADD CONSTRAINT things_note_key UNIQUE (note)")

private func stream(
    _ migrations: Migration..., base: [Migration] = MigrationStream.everySchema
) -> MigrationStream {
    MigrationStream(
        name: "sales", kind: .tenant(.sales), migrations: migrations, rights: TableRights.kept("things"), base: base)
}

/// Each test has a database of its own on the shared server, since a run goes through all tenants of a database.
private struct World {
    let owner: OwnerDatabase
    let provisioner: TenantProvisioner
    let runner: MigrationRunner
    let tenants: [TenantID]

    init(_ name: String, tenantCount: Int) async throws {
        let postgres = try await TestPostgres.shared()
        try await InstallationSetup(
            database: name, partitions: [.identity: 1, .sales: 1], connectionsMax: TestPostgres.connectionsMax
        )
        .run(
            superuser: postgres.superuser, loop: postgres.loops.loops[0], workers: postgres.workers,
            logger: postgres.logger)
        var settings = postgres.superuser
        settings.database = name
        settings.user = InstallationNames.provisioner
        settings.poolSize = 4
        owner = OwnerDatabase(
            loop: postgres.loops.loops[1], settings: settings, workers: postgres.workers,
            logger: postgres.logger)
        provisioner = TenantProvisioner(database: owner)
        runner = MigrationRunner(database: owner)
        tenants = (0..<tenantCount).map { _ in TenantID(RecordID.make()) }
        for tenant in tenants {
            _ = try await provisioner.prepare(tenant, stream: stream(first), partition: 0)
        }
    }

    func schema(_ index: Int) -> String { TenantSchema(tenantID: tenants[index], service: .sales)!.name }

    /// What its stamp says.
    func version(_ index: Int) async throws -> Int {
        Int(try await sql("SELECT version FROM \(schema(index)).meta").one().int64(0))
    }

    /// Runs SQL as the owner.
    func sql(_ text: String) async throws -> Rows {
        try await owner.query(Statement(unsafeGenerated: text))
    }
}

@Suite struct MigrationRunnerTests {
    @Test func everyTenantIsBroughtForwardOnce() async throws {
        let world = try await World("steward_forward", tenantCount: 5)
        let report = try await world.runner.migrateTenants(stream(first, second))
        #expect(report.migratedCount == 5)
        #expect(report.failed.isEmpty)
        for index in 0..<5 {
            #expect(try await world.version(index) == stream(first, second).version)
            _ = try await world.sql("SELECT size FROM \(world.schema(index)).things")
        }
        let again = try await world.runner.migrateTenants(stream(first, second))
        #expect(again.currentCount == 5)
        #expect(again.migratedCount == 0)
        await world.owner.close()
    }

    /// What every schema has is part of its version, even when the service itself has nothing new.
    @Test func theBaseIsBroughtForwardToo() async throws {
        let world = try await World("steward_base", tenantCount: 2)
        let more = Migration(number: stream().base.count + 1, name: "note", sql: "ALTER TABLE {schema}.meta ADD x int")
        let next = stream(first, base: MigrationStream.everySchema + [more])
        #expect(next.version == stream(first).version + 1)
        #expect(try await world.runner.migrateTenants(next).migratedCount == 2)
        for index in 0..<2 {
            #expect(try await world.version(index) == next.version)
            _ = try await world.sql("SELECT x FROM \(world.schema(index)).meta")
        }
        #expect(try await world.runner.migrateTenants(next).currentCount == 2)
        await world.owner.close()
    }

    /// An earlier build counted the service's own migrations alone: such a stamp is put right though nothing else is missing.
    @Test func aStampThatSaysLessIsPutRight() async throws {
        let world = try await World("steward_restamp", tenantCount: 1)
        _ = try await world.sql("UPDATE \(world.schema(0)).meta SET version = 1")
        #expect(try await world.runner.migrateTenants(stream(first)).migratedCount == 1)
        #expect(try await world.version(0) == stream(first).version)
        #expect(try await world.runner.migrateTenants(stream(first)).currentCount == 1)
        await world.owner.close()
    }

    /// The owner's connections go from one schema of a tenant to the next; each has statements and a stamp of its own.
    @Test func theSchemasOfOneTenantAreToldApart() async throws {
        let world = try await World("steward_apart", tenantCount: 2)
        let identity = MigrationStream(
            name: "identity", kind: .tenant(.identity), migrations: [first], rights: TableRights.kept("things"))
        for tenant in world.tenants {
            _ = try await world.provisioner.prepare(tenant, stream: identity, partition: 0)
        }
        for _ in 0..<3 {
            #expect(try await world.runner.migrateTenants(identity).currentCount == 2)
            #expect(try await world.runner.migrateTenants(stream(first)).currentCount == 2)
        }
        await world.owner.close()
    }

    /// A schema of an earlier version, whose role might do everything, gets what is declared today and loses the rest.
    @Test func rightsReachSchemasThatAreThere() async throws {
        let world = try await World("steward_rights_again", tenantCount: 2)
        let schema = world.schema(0)
        _ = try await world.sql("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(schema) TO \(schema)")
        _ = try await world.sql("GRANT UPDATE (trace_id) ON \(schema).ledger TO \(schema)")
        _ = try await world.sql("DELETE FROM \(schema).schema_migrations WHERE stream = 'rights'")
        let report = try await world.runner.migrateTenants(stream(first))
        #expect(report.migratedCount == 1 && report.currentCount == 1)
        for (table, verb, may) in [
            ("things", "UPDATE", true), ("things", "DELETE", false), ("ledger", "SELECT", true),
            ("ledger", "INSERT", false), ("ledger", "UPDATE", false),
            ("meta", "SELECT", true), ("meta", "UPDATE", false), ("requests", "DELETE", true),
        ] {
            let row = try await world.sql("SELECT has_table_privilege('\(schema)', '\(schema).\(table)', '\(verb)')")
                .one()
            #expect(try row.bool(0) == may, "\(table) \(verb)")
        }
        let row = try await world.sql(
            """
            SELECT has_any_column_privilege('\(schema)', '\(schema).ledger', 'UPDATE'),
                has_column_privilege('\(schema)', '\(schema).ledger', 'method', 'INSERT'),
                has_column_privilege('\(schema)', '\(schema).ledger', 'position', 'INSERT'),
                has_sequence_privilege('\(schema)', '\(schema).ledger_position_seq', 'USAGE')
            """
        ).one()
        let may = try (0..<4).map { try row.bool($0) }
        #expect(may == [false, true, false, true])
        #expect(try await world.runner.migrateTenants(stream(first)).currentCount == 2)
        let fewer = MigrationStream(
            name: "sales", kind: .tenant(.sales), migrations: [first], rights: TableRights.added("things"))
        #expect(try await world.runner.migrateTenants(fewer).migratedCount == 2)
        let last = try await world.sql("SELECT has_table_privilege('\(schema)', '\(schema).things', 'UPDATE')").one()
        #expect(try !last.bool(0))
        await world.owner.close()
    }

    @Test func twoRunsAtOnceDoItOnce() async throws {
        let world = try await World("steward_together", tenantCount: 4)
        async let one = world.runner.migrateTenants(stream(first, second))
        async let other = world.runner.migrateTenants(stream(first, second))
        let reports = try await [one, other]
        #expect(reports.map(\.migratedCount).reduce(0, +) == 4)
        #expect(reports.allSatisfy { $0.failed.isEmpty })
        await world.owner.close()
    }

    @Test func aFailedTenantIsParkedAndTheOthersGoOn() async throws {
        let world = try await World("steward_parked", tenantCount: 4)
        // Not the first one by name: that is the canary, and its failure would end the run.
        let bad = try #require(
            (0..<4).map { world.schema($0) }.max { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        _ = try await world.sql(
            "INSERT INTO \(bad).things (id, note) VALUES (gen_random_uuid(), 'x'), (gen_random_uuid(), 'x')")
        let report = try await world.runner.migrateTenants(stream(first, uniqueNote))
        #expect(report.migratedCount == 3)
        #expect(report.failed.map(\.schema.name) == [bad])
        let row = try await world.sql("SELECT version, parked_error FROM \(bad).meta").one()
        #expect(try row.int64(0) == Int64(stream(first).version))
        #expect(try row.string(1).contains("23505"))

        // Left alone until somebody has looked at it.
        let skipped = try await world.runner.migrateTenants(stream(first, uniqueNote))
        #expect(skipped.failed.map(\.schema.name) == [bad])
        _ = try await world.sql("UPDATE \(bad).things SET note = id::text")
        var options = MigrationOptions()
        options.retriesParked = true
        let repaired = try await world.runner.migrateTenants(stream(first, uniqueNote), options: options)
        #expect(repaired.migratedCount == 1)
        #expect(repaired.failed.isEmpty)
        await world.owner.close()
    }

    @Test func aFailedCanaryStopsTheRun() async throws {
        let world = try await World("steward_canary", tenantCount: 3)
        let broken = Migration(number: 2, name: "break", sql: "ALTER TABLE {schema}.nothing ADD COLUMN a int")
        let report = try await world.runner.migrateTenants(stream(first, broken))
        #expect(report.isStoppedAfterCanary)
        #expect(report.outcomes.count == 1)
        await world.owner.close()
    }

    @Test func aChangedMigrationIsRefused() async throws {
        let world = try await World("steward_changed", tenantCount: 2)
        let changed = Migration(number: 1, name: "create_things", sql: first.sql + "\n")
        let error = await #expect(throws: MigrationError.self) {
            _ = try await world.runner.migrateTenants(stream(changed, second))
        }
        #expect(error?.kind == .checksumMismatch)
        let row = try await world.sql("SELECT version, parked_error IS NULL FROM \(world.schema(0)).meta")
            .one()
        #expect(try row.int64(0) == Int64(stream(first).version))
        #expect(try row.bool(1))
        await world.owner.close()
    }

    @Test func anOlderProgramLeavesANewerSchemaAlone() async throws {
        let world = try await World("steward_newer", tenantCount: 1)
        _ = try await world.runner.migrateTenants(stream(first, second))
        let error = await #expect(throws: MigrationError.self) {
            _ = try await world.runner.migrateTenants(stream(first))
        }
        #expect(error?.kind == .unknownMigration)
        await world.owner.close()
    }

    @Test func aLockThatPassesIsWaitedFor() async throws {
        let world = try await World("steward_lock", tenantCount: 1)
        let schema = world.schema(0)
        let (running, holding) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        let holder = Task {
            try await world.owner.hold("LOCK TABLE \(schema).things IN ACCESS SHARE MODE") {
                holding.continuation.finish()
                for await _ in running.stream {}
            }
        }
        for await _ in holding.stream {}
        let migration = Task { try await world.runner.migrateTenants(stream(first, second)) }
        // The migration waits, and gives way at least once before the lock is let go.
        let waits = """
            SELECT 1 FROM pg_locks WHERE relation = '\(schema).things'::regclass AND NOT granted
            """
        while try await world.sql(waits).isEmpty {}
        while try await !world.sql(waits).isEmpty {}
        running.continuation.finish()
        try await holder.value
        let report = try await migration.value
        #expect(report.migratedCount == 1)
        await world.owner.close()
    }

    @Test func theDirectoryIsMigratedOnce() async throws {
        let world = try await World("steward_directory", tenantCount: 0)
        let directory = MigrationStream(
            name: "directory", kind: .directory,
            migrations: [
                Migration(
                    number: 1, name: "create_tenants",
                    sql:
                        "CREATE TABLE directory.tenants (id uuid NOT NULL, CONSTRAINT tenants_pkey PRIMARY KEY (id));"
                )
            ], rights: TableRights.kept("tenants"))
        let migrator = DirectoryMigrator(database: world.owner)
        async let one = migrator.migrate(directory)
        async let other = migrator.migrate(directory)
        #expect(try await one + other == 1)
        let row = try await world.sql(
            "SELECT has_table_privilege('steward_identity_0', 'directory.tenants', 'INSERT'), "
                + "has_table_privilege('steward_sales_0', 'directory.tenants', 'SELECT')"
        ).one()
        #expect(try row.bool(0))
        #expect(try !row.bool(1))
        await world.owner.close()
    }
}
