package import Logging
package import Postgres
package import Reactor
package import Tenancy

/// The owner's way into a database: a small pool on one loop, under the login `steward_provisioner` (or a superuser, for
/// `InstallationSetup`). What uses it may be called from any Task.
package final class OwnerDatabase: Sendable {
    package let loop: EventLoop
    let pool: PostgresPool
    let logger: Logger

    /// How long one transaction of the owner may take: a migration of one tenant.
    static let transactionTimeout: Duration = .seconds(120)
    /// How long DDL waits for a lock before it gives way to the tenant's users and tries again.
    static let lockTimeoutMilliseconds = 300
    /// How often it tries.
    static let attemptCountMax = 10

    package init(loop: EventLoop, settings: PostgresSettings, workers: WorkerPool, logger: Logger) {
        self.loop = loop
        self.logger = logger
        var settings = settings
        // Every tenant comes once: keeping its statements would only fill the backend.
        settings.statementCountMax = 64
        // The schemas of one tenant are made side by side; nobody else waits for the owner.
        settings.tenantSharePercent = 100
        pool = PostgresPool(loop: loop, settings: settings, workers: workers, logger: logger)
    }

    package func close() async {
        await Task(executorPreference: loop) { [pool] in await pool.close(deadline: 0) }.value
    }

    /// A transaction of the owner, tried again when it lost a lock or met another that made the same thing.
    package func transaction<Value: Sendable>(
        for schema: TenantSchema?, _ body: @escaping @Sendable (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await Task(executorPreference: loop) { [self] in
            var attempt = 1
            while true {
                do {
                    return try await pool.transaction(scope(schema), body)
                } catch let error as PostgresError
                    where attempt < Self.attemptCountMax && OwnerDatabase.mayBeRetried(error)
                {
                    try await loop.sleep(for: .milliseconds(Int.random(in: 20...60) * attempt))
                    attempt += 1
                }
            }
        }.value
    }

    /// Whether the login may make roles, as the owner must.
    /// - Throws: `PostgresError` when the database is not reached.
    package func mayMakeRoles() async throws -> Bool {
        try await transaction(for: nil) { transaction in
            try await transaction.query(Self.roleMaking, Parameters()).one().bool(0)
        }
    }

    private static let roleMaking = Statement(
        "SELECT rolcreaterole OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user")

    /// A command that cannot be part of a transaction.
    func run(unsafeCommand text: String, within timeout: Duration = transactionTimeout) async throws {
        try await Task(executorPreference: loop) { [pool] in
            let deadline = MonotonicTime.moment(timeout, after: MonotonicTime.now())
            try await pool.run(unsafeCommand: text, deadline: deadline)
        }.value
    }

    private func scope(_ schema: TenantSchema?) -> TransactionScope {
        var scope = TransactionScope(
            access: .readWrite, tenant: schema?.tenantID, service: schema?.service ?? .identity,
            deadline: MonotonicTime.moment(Self.transactionTimeout, after: MonotonicTime.now()),
            lockTimeoutMilliseconds: Self.lockTimeoutMilliseconds)
        scope.assumesRole = false
        return scope
    }

    private static func mayBeRetried(_ error: PostgresError) -> Bool {
        // Duplicate object, duplicate schema, duplicate table, "tuple concurrently updated": two made the same at once.
        let collisions: Set<String?> = ["42710", "42P06", "42P07", "XX000"]
        return error.isRetryable || error.kind == .uniqueViolation || collisions.contains(error.sqlState)
    }
}
