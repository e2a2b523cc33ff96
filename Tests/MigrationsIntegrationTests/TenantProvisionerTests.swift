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
            #expect(version == 1)
            #expect(try await found(tenant, postgres.owner) == [1, 1, 1])
        }
        for _ in 0..<2 {
            try await postgres.provisioner.drop(tenant, stream: stream)
            #expect(try await found(tenant, postgres.owner) == [0, 0, 0])
        }
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
