import Foundation
package import Logging
package import Migrations
package import Postgres
package import Reactor
package import Tenancy
package import TenantDatabase

/// What a test of anything with a database needs: a server, one installed database, event loops, and tenants of its own.
///
/// The server is started once per test process, or is the one that STEWARD_TEST_POSTGRES_DSN leads to (as a superuser).
/// Tests run side by side, each in its own tenants: `withTenant`.
package final class TestPostgres: Sendable {
    package let loops: EventLoopGroup
    package let workers: WorkerPool
    package let logger: Logger
    /// The superuser's way to the test database.
    package let superuser: PostgresSettings
    package let owner: OwnerDatabase
    package let provisioner: TenantProvisioner
    private let cluster: TestCluster?

    package static let databaseName = "steward_test"
    /// Partition logins per service.
    package static let partitionCount = 2
    /// Of each login: the tests of a process share the server.
    package static let connectionsMax = 350

    /// The one of this process.
    package static func shared() async throws -> TestPostgres { try await started.value }

    private static let started = Task { try await TestPostgres() }

    private init() async throws {
        let dsn = ProcessInfo.processInfo.environment["STEWARD_TEST_POSTGRES_DSN"]
        cluster = dsn == nil ? try TestCluster() : nil
        var settings = cluster?.settings ?? PostgresSettings(dsn: dsn ?? "", poolSize: 2)
        loops = try EventLoopGroup(count: 2, name: "test")
        workers = try WorkerPool(threadCount: 2, queueCountMax: 1_000, name: "test-worker")
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        logger = quiet
        try await Self.setup(of: ServiceName.dataServices).run(
            superuser: settings, loop: loops.loops[0], workers: workers, logger: logger)
        settings.database = Self.databaseName
        superuser = settings
        var provisioning = settings
        provisioning.user = InstallationNames.provisioner
        provisioning.poolSize = 4
        owner = OwnerDatabase(loop: loops.loops[0], settings: provisioning, workers: workers, logger: logger)
        provisioner = TenantProvisioner(database: owner)
    }

    private static func setup(of services: [ServiceName]) -> InstallationSetup {
        InstallationSetup(
            database: databaseName,
            partitions: Dictionary(uniqueKeysWithValues: services.map { ($0, partitionCount) }),
            connectionsMax: connectionsMax)
    }

    /// Makes the logins of a service that is not in the installation's table, but only in a test.
    package func install(_ service: ServiceName) async throws {
        try await Self.setup(of: [service]).run(
            superuser: superuser, loop: loops.loops[0], workers: workers, logger: logger)
    }

    /// Whether `log` can be read: not that of a server that STEWARD_TEST_POSTGRES_DSN names.
    package var keepsLog: Bool { cluster != nil }

    /// What the server has written to its log.
    package func log() throws -> String { try cluster?.log() ?? "" }

    /// The settings of a service's login.
    package func settings(
        _ service: ServiceName, partition: Int = 0, poolSize: Int = 4
    ) -> PostgresSettings {
        var settings = superuser
        settings.user = InstallationNames.login(service, partition: partition)
        settings.poolSize = poolSize
        return settings
    }

    /// The databases of a service, as its program would have them.
    package func databases(_ service: ServiceName, poolSize: Int = 4) -> DatabaseSet {
        let partitions = (0..<Self.partitionCount).map {
            settings(service, partition: $0, poolSize: poolSize)
        }
        return DatabaseSet(
            loops: loops, endpoints: [DatabaseEndpoint(partitions: partitions)], workers: workers,
            logger: logger)
    }

    /// Runs `body` on the first event loop, as a call runs.
    package func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task(executorPreference: loops.loops[0]) { try await body() }.value
    }

    /// Makes a tenant with the stream's schema, runs `body` on the first loop, and drops the tenant.
    package func withTenant<Value: Sendable>(
        _ stream: MigrationStream, _ body: @escaping @Sendable (TestTenant) async throws -> Value
    ) async throws -> Value {
        let tenant = TestTenant()
        _ = try await provisioner.prepare(tenant.id, stream: stream, partition: 0)
        do {
            let value = try await onLoop { try await body(tenant) }
            try await provisioner.drop(tenant.id, stream: stream)
            return value
        } catch {
            try? await provisioner.drop(tenant.id, stream: stream)
            throw error
        }
    }

    /// A moment from now, as deadlines are given.
    package static func deadline(_ duration: Duration = .seconds(10)) -> UInt64 {
        MonotonicTime.moment(duration, after: MonotonicTime.now())
    }
}

/// A tenant of a test, and a user of it.
package struct TestTenant: Sendable {
    package let id: TenantID
    package let userID: UserID

    package init(id: TenantID = TenantID(.make()), userID: UserID = UserID(.make())) {
        self.id = id
        self.userID = userID
    }

    /// The test itself, in the tenant.
    package var actor: TenantActor { TenantActor(id, purpose: Purpose("test"), onBehalfOf: userID) }

    /// The schema of a service that keeps data.
    package func schema(_ service: ServiceName) -> TenantSchema {
        guard let schema = TenantSchema(tenantID: id, service: service) else {
            preconditionFailure("\(service) keeps no data")
        }
        return schema
    }
}
