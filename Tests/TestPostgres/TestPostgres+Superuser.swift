package import Postgres
import Reactor
import Tenancy

/// What the superuser does beside the code under test. All on the first loop.
extension TestPostgres {
    /// Runs `body` with connections of its own, closed at the end: the superuser's, unless others are given.
    package func withPool<Value>(
        _ settings: PostgresSettings? = nil, _ body: (PostgresPool) async throws -> Value
    ) async throws -> Value {
        let pool = PostgresPool(
            loop: loops.loops[0], settings: settings ?? superuser, workers: workers, logger: logger)
        do {
            let value = try await body(pool)
            await pool.close(deadline: 0)
            return value
        } catch {
            await pool.close(deadline: 0)
            throw error
        }
    }

    /// A transaction that belongs to no tenant.
    package static func scope(_ duration: Duration = .seconds(10)) -> TransactionScope {
        TransactionScope(access: .readWrite, tenant: nil, service: .identity, deadline: deadline(duration))
    }

    /// The rows that a statement of the test gives.
    package func rows(_ text: String, _ parameters: Parameters = Parameters()) async throws -> Rows {
        try await withPool { try await $0.run(Self.scope(), Statement(unsafeGenerated: text), parameters) }
    }

    /// Runs `body` in a transaction that has done `command`, and takes it back. For a test that stops others in the midst
    /// of their work: what they do next to the rows waits.
    package func holding<Value>(_ command: String, _ body: () async throws -> Value) async throws -> Value {
        var value: Value?
        do {
            try await withPool { pool in
                try await pool.transaction(Self.scope(.seconds(30))) { transaction -> Void in
                    try transaction.enqueue(unsafeCommand: command)
                    _ = try await transaction.query(Statement("SELECT 1"), Parameters())
                    value = try await body()
                    throw Undone()
                }
            }
        } catch {
            guard error is Undone, let value else { throw error }
            return value
        }
        preconditionFailure("the transaction was taken back")
    }

    private struct Undone: Error {}

    /// Waits until a statement that contains this text waits for a lock, or until `isOver`.
    ///
    /// - Returns: that it waits.
    package func waitsForLock(
        _ text: String, unless isOver: () -> Bool = { false }
    ) async throws -> Bool {
        let end = Self.deadline(.seconds(20))
        return try await withPool { pool in
            var found = false
            while !found, !isOver(), MonotonicTime.now() < end {
                var parameters = Parameters()
                parameters.append(text)
                found = try await !pool.run(Self.scope(), Self.waiting, parameters).isEmpty
                // PostgreSQL tells nobody when a session begins to wait for a lock: it has to be asked again.
                try await loops.loops[0].sleep(for: .milliseconds(5))
            }
            return found
        }
    }

    /// Starts something beside the test.
    package func start(_ body: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error> {
        Task(executorPreference: loops.loops[0]) { try await body() }
    }

    private static let waiting = Statement(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 IN query) > 0")
}
