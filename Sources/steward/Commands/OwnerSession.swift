import Logging
import Postgres
import Reactor

/// What commands that work on the database themselves need: a loop, workers and the connection text.
struct OwnerSession: Sendable {
    let settings: PostgresSettings
    let loops: EventLoopGroup
    let workers: WorkerPool
    let logger: Logger

    var loop: EventLoop { loops.next() }

    private static let connections = 4

    /// Runs the body, then lets go of everything. An error of the database is told with its cause: whoever runs these
    /// commands owns the database.
    static func with<Value: Sendable>(
        dsn: String, _ body: @Sendable (OwnerSession) async throws -> Value
    ) async throws -> Value {
        let loops = try EventLoopGroup(count: 1, name: "steward")
        let workers = try WorkerPool(threadCount: 1, queueCountMax: 16, name: "steward-worker")
        defer {
            workers.shutdown()
            loops.shutdown()
        }
        var logger = Logger(label: "steward")
        logger.logLevel = .error
        let session = OwnerSession(
            settings: PostgresSettings(dsn: dsn, poolSize: connections), loops: loops, workers: workers, logger: logger)
        do {
            return try await body(session)
        } catch let error as PostgresError {
            throw UsageProblem(
                "the database refused: \(error.message)", cure: "check --dsn and that PostgreSQL runs, then try again")
        }
    }
}
