import Reactor

// From nothing to a connection that can be leased.
extension PostgresConnection {
    /// The oldest server that this program is tested with.
    static let serverVersionMin = 150_000

    /// Connects, checks the server and prepares the session. `.unavailable` when the server cannot be reached within
    /// `connectTimeout`, `.refusedServer` when it must not be used.
    static func open(
        loop: EventLoop, settings: PostgresSettings, workers: WorkerPool
    ) async throws(PostgresError) -> PostgresConnection {
        loop.assertCurrent()
        let deadline = MonotonicTime.moment(settings.connectTimeout, after: MonotonicTime.now())
        let libpq = try await start(settings, workers)
        try await connect(libpq, loop, deadline: deadline)
        guard libpq.enterPipeline() else { throw PostgresError(.unavailable, libpq.message) }
        let connection = PostgresConnection(loop: loop, settings: settings, workers: workers, libpq: libpq)
        do {
            // The handler holds the connection until the watch is cancelled, which `close` does.
            connection.watch = try loop.watch(libpq.descriptor, interest: .read) { connection.ready($0) }
        } catch {
            throw PostgresError(.unavailable, "\(error)")
        }
        do throws(PostgresError) {
            try await connection.begin(deadline: deadline)
        } catch {
            connection.close(error)
            throw error
        }
        return connection
    }

    private static func start(
        _ settings: PostgresSettings, _ workers: WorkerPool
    ) async throws(PostgresError) -> Libpq {
        do {
            return try await workers.run { try Libpq.start(settings) }
        } catch let error as PostgresError {
            throw error
        } catch {
            throw PostgresError(.unavailable, "\(error)")
        }
    }

    /// libpq may close its socket and open another between two steps, so each step watches anew.
    private static func connect(
        _ libpq: Libpq, _ loop: EventLoop, deadline: UInt64
    ) async throws(PostgresError) {
        // After the start libpq wants the socket to be writable, as if it had said so.
        var interest = Interest.write
        while true {
            guard try await isReady(libpq.descriptor, interest, loop, deadline: deadline) else {
                throw PostgresError(.unavailable, "no connection within the connect timeout")
            }
            switch libpq.pollConnect() {
            case .wantsRead: interest = .read
            case .wantsWrite: interest = .write
            case .connected: return
            case .failed: throw PostgresError(.unavailable, libpq.message)
            }
        }
    }

    /// False when the deadline passed first.
    private static func isReady(
        _ descriptor: Int32, _ interest: Interest, _ loop: EventLoop, deadline: UInt64
    ) async throws(PostgresError) -> Bool {
        let waiting = ReadinessWait()
        do {
            try waiting.begin(descriptor, interest, loop, deadline: deadline)
        } catch {
            throw PostgresError(.unavailable, "\(error)")
        }
        return await waiting.end()
    }

    /// What every session starts with, and who answers.
    private func begin(deadline: UInt64) async throws(PostgresError) {
        guard let libpq, libpq.serverVersion >= Self.serverVersionMin else {
            throw PostgresError(.refusedServer, "PostgreSQL 15 or newer is needed; upgrade the server")
        }
        for command in Self.sessionCommands { try sendUnprepared(command) }
        try sendUnprepared(
            "SELECT pg_backend_pid(), coalesce((SELECT rolsuper FROM pg_roles WHERE rolname = current_user), false)",
            isKept: true)
        try await exchange(deadline: deadline)
        guard let row = kept.first?.first else { throw PostgresError(.unexpectedResult, "no answer") }
        isSuperuser = try row.bool(1)
        let backendPID = try row.int32(0)
        guard settings.isSessionPoolerAllowed || libpq.backendPID == backendPID else {
            throw PostgresError(
                .refusedServer,
                "a pooler (PgBouncer?) stands before PostgreSQL and would break prepared statements; let the DSN lead "
                    + "to PostgreSQL itself, or allow a pooler in session mode in the settings")
        }
    }

    /// Times are UTC in every cast, plans are not compiled for queries of a millisecond, no statement takes several cores from
    /// others, and a transaction that this process forgets does not hold its locks for ever, and whatever does not begin with BEGIN READ WRITE
    /// only reads.
    private static let sessionCommands = [
        "SET timezone = 'UTC'", "SET jit = off", "SET max_parallel_workers_per_gather = 0",
        "SET idle_in_transaction_session_timeout = '60s'", "SET default_transaction_read_only = on",
    ]
}

/// Waits once for a descriptor or a moment, whichever comes first.
private final class ReadinessWait: @unchecked Sendable {
    // SAFETY: every method runs on the loop.
    private var watch: Watch?
    private var timer: Timer?
    private var continuation: UnsafeContinuation<Bool, Never>?
    private var outcome: Bool?

    func begin(_ descriptor: Int32, _ interest: Interest, _ loop: EventLoop, deadline: UInt64) throws {
        watch = try loop.watch(descriptor, interest: interest) { _ in self.finish(true) }
        timer = loop.schedule(at: deadline) { self.finish(false) }
    }

    func end() async -> Bool {
        if let outcome { return outcome }
        return await withUnsafeContinuation { continuation = $0 }
    }

    private func finish(_ isReady: Bool) {
        watch?.cancel()
        timer?.cancel()
        watch = nil
        timer = nil
        outcome = isReady
        continuation?.resume(returning: isReady)
        continuation = nil
    }
}
