package import Logging
package import Postgres
package import Reactor
import Synchronization
import Tenancy

/// One database and the logins by which a service reaches it.
package struct DatabaseEndpoint: Sendable {
    package static let defaultName = "default"

    /// The name that placements use.
    package let name: String
    /// The settings of each partition login, by number.
    package let partitions: [PostgresSettings]

    package init(name: String = DatabaseEndpoint.defaultName, partitions: [PostgresSettings]) {
        precondition(!partitions.isEmpty, "a database has at least one login")
        self.name = name
        self.partitions = partitions.map { settings in
            var named = settings
            named.name = name
            return named
        }
    }
}

/// The pools of a program: one per database, partition login and event loop.
package final class DatabaseSet: Sendable {
    private let loops: [EventLoop]
    /// By database name, then partition, then loop.
    private let pools: [String: [[PostgresPool]]]

    package init(
        loops: EventLoopGroup, endpoints: [DatabaseEndpoint], workers: WorkerPool, logger: Logger
    ) {
        self.loops = loops.loops
        pools = Dictionary(
            endpoints.map { endpoint in
                let partitions = endpoint.partitions.map { settings in
                    loops.loops.map {
                        PostgresPool(loop: $0, settings: settings, workers: workers, logger: logger)
                    }
                }
                return (endpoint.name, partitions)
            }, uniquingKeysWith: { _, _ in preconditionFailure("two databases have one name") })
    }

    /// The pool of the loop that the caller runs on.
    /// - Throws: `.refusedServer` for a database or partition that the settings do not name.
    package func pool(database: String, partition: Int) throws(PostgresError) -> PostgresPool {
        guard let loop = EventLoop.current, loop.index < loops.count, loops[loop.index] === loop else {
            preconditionFailure("databases are used from Tasks on the program's event loops")
        }
        guard let partitions = pools[database], partitions.indices.contains(partition) else {
            throw PostgresError(
                .refusedServer, "the settings name no database \(database) with partition \(partition)")
        }
        return partitions[partition][loop.index]
    }

    /// Of all databases.
    var names: [String] { pools.keys.sorted() }

    /// Connects once to every login, so that a program says at its start what it cannot reach.
    /// - Throws: `.unavailable`, or `.refusedServer` when the server is too old, a pooler stands before it, or a
    ///   login is a superuser, for which roles isolate nothing.
    package func verify(deadline: UInt64) async throws(PostgresError) {
        for pool in pools.values.flatMap({ $0.compactMap(\.first) }) {
            let isSuperuser = try await DatabaseSet.verify(pool, deadline: deadline)
            guard !isSuperuser else {
                throw PostgresError(
                    .refusedServer,
                    "the service's database login is a superuser; use the login that setup made")
            }
        }
    }

    /// The settings of the servers under which their logs would get values of records, a line for each; empty when they get none.
    package func logProblems(deadline: UInt64) async throws -> [String] {
        var problems: [String] = []
        for pool in pools.values.compactMap({ $0.first?.first }) {
            let scope = TransactionScope(access: .readOnly, tenant: nil, service: .identity, deadline: deadline)
            problems += try await Task(executorPreference: pool.loop) { try await pool.logProblems(scope) }.value
        }
        return problems
    }

    /// Lets what runs finish until the deadline and closes every connection.
    package func close(deadline: UInt64) async {
        for pool in pools.values.flatMap({ $0.flatMap { $0 } }) {
            await Task(executorPreference: pool.loop) { await pool.close(deadline: deadline) }.value
        }
    }

    private static func verify(_ pool: PostgresPool, deadline: UInt64) async throws(PostgresError) -> Bool {
        let result: Result<Bool, PostgresError> = await Task(executorPreference: pool.loop) {
            do throws(PostgresError) {
                return .success(try await pool.verify(deadline: deadline))
            } catch {
                return .failure(error)
            }
        }.value
        return try result.get()
    }
}
