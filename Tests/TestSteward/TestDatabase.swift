import Logging
import Migrations
package import Postgres
package import Reactor
package import Tenancy
package import TenantDatabase
import TestPostgres

/// The database of an installation, with the eyes and hands of a superuser.
package final class TestDatabase: Sendable {
    package let name: String
    package let loops: EventLoopGroup
    package let workers: WorkerPool
    private let logger: Logger
    private let superuser: PostgresSettings
    private let pool: PostgresPool

    /// Installs Steward's logins and the database with the tables of the directory.
    init(
        name: String, in cluster: PostgresSettings, directory: MigrationStream, loops: EventLoopGroup,
        workers: WorkerPool, logger: Logger
    ) async throws {
        let loop = loops.loops[0]
        let partitions = Dictionary(uniqueKeysWithValues: ServiceName.dataServices.map { ($0, 1) })
        try await InstallationSetup(
            database: name, partitions: partitions, connectionsMax: TestPostgres.connectionsMax
        ).run(
            superuser: cluster, loop: loop, workers: workers, logger: logger)
        var superuser = cluster
        superuser.database = name
        superuser.poolSize = 2
        (self.name, self.superuser, self.loops, self.workers, self.logger) = (name, superuser, loops, workers, logger)
        pool = PostgresPool(loop: loop, settings: superuser, workers: workers, logger: logger)
        let owner = OwnerDatabase(
            loop: loop, settings: settings(InstallationNames.provisioner), workers: workers, logger: logger)
        do {
            _ = try await DirectoryMigrator(database: owner).migrate(directory)
        } catch {
            await owner.close()
            throw error
        }
        await owner.close()
        // The clusters of tests run without; what is acknowledged must outlive the server's processes.
        try await run("ALTER DATABASE \(name) SET synchronous_commit = on")
    }

    /// As a login of the installation.
    package func settings(_ login: String) -> PostgresSettings {
        var settings = superuser
        settings.user = login
        return settings
    }

    /// libpq's connection string for a login; the last value of a key counts.
    func dsn(_ login: String) -> String { "\(superuser.dsn) dbname=\(name) user=\(login)" }

    /// The databases of a service, as its program has them. Close them at the end.
    package func databases(_ service: ServiceName) -> DatabaseSet {
        let settings = settings(InstallationNames.login(service, partition: 0))
        return DatabaseSet(
            loops: loops, endpoints: [DatabaseEndpoint(partitions: [settings])], workers: workers, logger: logger)
    }

    /// Runs `body` on an event loop, as a call runs.
    package func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await Task(executorPreference: loops.loops[0]) { try await body() }.value
    }

    /// Runs a command as the superuser.
    package func run(_ command: String) async throws {
        try await onLoop { [pool] in
            try await pool.run(unsafeCommand: command, deadline: Self.deadline())
        }
    }

    /// The rows of a query as the superuser, all columns of type text.
    package func rows(_ query: String) async throws -> [[String?]] {
        try await onLoop { [pool] in
            let scope = TransactionScope(access: .readWrite, tenant: nil, service: .identity, deadline: Self.deadline())
            let rows = try await pool.run(scope, Statement(unsafeGenerated: query), Parameters())
            return try rows.map { row in try (0..<rows.columnCount).map { try row.optionalString($0) } }
        }
    }

    /// A digest of everything that a tenant's schemas hold, but for what sign-in and reading leave behind.
    package func digest(ofTenant tenant: TenantID) async throws -> [String: String] {
        var digests: [String: String] = [:]
        for service in ServiceName.dataServices {
            guard let schema = TenantSchema(tenantID: tenant, service: service)?.name else { continue }
            let tables = try await rows(
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = '\(schema)'")
            for table in tables.compactMap(\.first).compactMap({ $0 }) {
                let digest = try await rows(
                    "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM \(schema).\(table) t"
                )
                digests["\(service.rawValue).\(table)"] = digest.first?.first ?? ""
            }
        }
        return digests
    }

    /// Runs `body` while a transaction of the superuser is open that has done `command`, and undoes the command after it.
    package func during(_ command: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await onLoop { [pool] in
            let scope = TransactionScope(access: .readWrite, tenant: nil, service: .identity, deadline: Self.deadline())
            do {
                try await pool.transaction(scope) { transaction in
                    try transaction.enqueue(unsafeCommand: command)
                    _ = try await transaction.query(Statement(unsafeGenerated: "SELECT 1"), Parameters())
                    try await body()
                    throw Undone()
                }
            } catch is Undone {}
        }
    }

    private struct Undone: Error {}

    func close() async {
        try? await onLoop { [pool] in await pool.close(deadline: 0) }
    }

    private static func deadline() -> UInt64 { MonotonicTime.moment(.seconds(20), after: MonotonicTime.now()) }
}
