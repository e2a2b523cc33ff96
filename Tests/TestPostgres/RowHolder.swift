import Postgres
import Reactor
import Tenancy

extension TestPostgres {
    /// Runs `body` in a transaction of the superuser that has done `command`, and takes it back. For a test that stops others in the midst
    /// of their work: what they do next to the rows waits. On the first loop.
    package func holding(_ command: String, _ body: () async throws -> Void) async throws {
        struct Done: Error {}
        let pool = PostgresPool(loop: loops.loops[0], settings: superuser, workers: workers, logger: logger)
        let scope = TransactionScope(
            access: .readWrite, tenant: nil, service: .customer, deadline: Self.deadline(.seconds(30)))
        do {
            try await pool.transaction(scope) { transaction -> Void in
                _ = try await transaction.query(Statement(unsafeGenerated: command), Parameters())
                try await body()
                throw Done()
            }
        } catch is Done {
            await pool.close(deadline: 0)
        } catch {
            await pool.close(deadline: 0)
            throw error
        }
    }

    /// Waits until a statement that contains this text waits for a lock, or until `isOver`. On the first loop.
    ///
    /// - Returns: that it waits.
    package func waitsForLock(
        _ text: String, unless isOver: () -> Bool = { false }
    ) async throws -> Bool {
        let pool = PostgresPool(loop: loops.loops[0], settings: superuser, workers: workers, logger: logger)
        let end = Self.deadline(.seconds(20))
        var found = false
        while !found, !isOver(), MonotonicTime.now() < end {
            var parameters = Parameters()
            parameters.append(text)
            let scope = TransactionScope(access: .readOnly, tenant: nil, service: .customer, deadline: end)
            found = try await !pool.run(scope, Self.waiting, parameters).isEmpty
            // PostgreSQL tells nobody when a session begins to wait for a lock: it has to be asked again.
            try await loops.loops[0].sleep(for: .milliseconds(5))
        }
        await pool.close(deadline: 0)
        return found
    }

    /// Starts something beside the test, on the first loop.
    package func start(_ body: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error> {
        Task(executorPreference: loops.loops[0]) { try await body() }
    }

    private static let waiting = Statement(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND position($1 IN query) > 0")
}
