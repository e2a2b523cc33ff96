package import Logging
import Observability
package import Reactor
package import Tenancy

/// The connections of one login on one loop. Opens them when they are needed, lends them one transaction at a time, and
/// replaces them when they are worn or broken. Confined to its loop: lease from Tasks that run there.
package final class PostgresPool: @unchecked Sendable {
    // SAFETY: confined to `loop`, which every method asserts in debug builds.
    package let loop: EventLoop
    package let settings: PostgresSettings
    private let workers: WorkerPool
    private let logger: Logger
    private var machine: PoolStateMachine
    private var connections: [Int: PostgresConnection] = [:]
    private var waiters: [Int: UnsafeContinuation<Result<PooledConnection, PostgresError>, Never>] = [:]
    private var nextWaiter = 0
    private var lastOpenError: PostgresError?
    private var ticker: Timer?
    private var metrics: PoolMetrics
    private var onIdle: [UnsafeContinuation<Void, Never>] = []

    /// How often deadlines are looked at while anything is under way: also how late a cancel may be.
    private static let tick: Duration = .milliseconds(20)

    package init(loop: EventLoop, settings: PostgresSettings, workers: WorkerPool, logger: Logger) {
        self.loop = loop
        self.settings = settings
        self.workers = workers
        self.logger = logger
        metrics = PoolMetrics(database: settings.name)
        machine = PoolStateMachine(size: settings.poolSize, waiterCountMax: settings.waiterCountMax)
    }

    /// Connections that are open, opening or waiting for their next attempt, and callers that wait for one.
    package var connectionCount: Int { machine.connectionCount }
    package var waiterCount: Int { machine.waiterCount }
    package var leasedCount: Int { machine.leasedCount }

    /// Lends a connection, the tenant's last one if it is free. Waits in line when all are taken.
    /// - Throws: `.poolExhausted` when the line is full or the deadline passed in it, `.unavailable` or
    ///   `.refusedServer` when no connection can be made, `.queryCanceled` when the Task was cancelled.
    package func lease(
        affinity tenant: TenantID?, deadline: UInt64
    ) async throws(PostgresError) -> PooledConnection {
        loop.assertCurrent()
        nextWaiter += 1
        let waiter = nextWaiter
        let account = CurrentWork.account
        switch machine.lease(waiter, tenant: tenant, deadline: deadline, now: loop.now) {
        case .granted(let id):
            startTicking()
            return pooled(id).lent(to: account)
        case .queued(let actions):
            let start = loop.now
            defer {
                let waited = loop.now - start
                metrics.waited(nanoseconds: waited)
                account?.waitedForConnection(nanoseconds: waited)
            }
            return try await wait(waiter, actions).lent(to: account)
        case .overloaded:
            metrics.refused()
            throw PostgresError(
                .poolExhausted, "\(settings.waiterCountMax) callers wait for a connection already")
        case .closed:
            throw PostgresError(.unavailable, "the pool is closed")
        }
    }

    /// Takes a connection back. One that is not at rest is brought to rest first, in the background.
    package func release(_ pooled: PooledConnection) {
        loop.assertCurrent()
        let end = MonotonicTime.now()
        metrics.transactionEnded(nanoseconds: end - pooled.startTime)
        pooled.account?.usedDatabase(
            settings.name, from: pooled.startTime, to: end,
            error: pooled.connection.leaseError.map { $0.sqlState ?? "\($0.kind)" })
        guard pooled.connection.isOpen else { return }
        if !pooled.connection.isAtRest {
            loop.spawn { if await pooled.connection.rest() { self.putBack(pooled) } }
        } else if pooled.connection.isMeasureDue(now: loop.now), machine.waiterCount == 0 {
            loop.spawn { if await pooled.connection.measure() { self.putBack(pooled) } }
        } else {
            putBack(pooled)
        }
    }

    /// Takes no more leases, lets those that are out finish until the deadline, and closes everything.
    package func close(deadline: UInt64) async {
        loop.assertCurrent()
        perform(machine.close())
        if !machine.isIdle {
            let timer = loop.schedule(at: deadline) { self.closeAll() }
            await withUnsafeContinuation { onIdle.append($0) }
            timer.cancel()
        }
        closeAll()
    }

    // MARK: Waiting

    private func wait(
        _ waiter: Int, _ actions: [PoolStateMachine.Action]
    ) async throws(PostgresError) -> PooledConnection {
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                waiters[waiter] = continuation
                startTicking()
                perform(actions)
            }
        } onCancel: {
            loop.execute { self.cancel(waiter) }
        }
        return try result.get()
    }

    private func cancel(_ waiter: Int) {
        guard machine.cancelled(waiter) else { return }
        resume(waiter, .failure(PostgresError(.queryCanceled, "cancelled while waiting for a connection")))
    }

    private func resume(_ waiter: Int, _ result: Result<PooledConnection, PostgresError>) {
        waiters.removeValue(forKey: waiter)?.resume(returning: result)
    }

    // MARK: Carrying out

    private func perform(_ actions: [PoolStateMachine.Action]) {
        for action in actions {
            switch action {
            case .open(let id, let delay): open(id, after: delay)
            case .close(let id): close(id)
            case .grant(let waiter, let id): resume(waiter, .success(pooled(id)))
            case .expire(let waiter):
                metrics.refused()
                resume(
                    waiter,
                    .failure(PostgresError(.poolExhausted, "the deadline passed in line for a connection")))
            case .refuse(let waiter):
                resume(waiter, .failure(lastOpenError ?? PostgresError(.unavailable, "the pool is closed")))
            }
        }
    }

    private func pooled(_ id: Int) -> PooledConnection {
        guard let connection = connections[id] else {
            preconditionFailure("connection \(id) is granted but gone")
        }
        connection.leaseError = nil
        return PooledConnection(id: id, startTime: MonotonicTime.now(), connection: connection)
    }

    private func open(_ id: Int, after delay: UInt64) {
        guard delay == 0 else {
            loop.schedule(at: loop.now + delay) { self.open(id, after: 0) }
            return
        }
        loop.spawn {
            do throws(PostgresError) {
                let connection = try await PostgresConnection.open(
                    loop: self.loop, settings: self.settings, workers: self.workers)
                self.opened(id, connection)
            } catch {
                self.openFailed(id, error)
            }
        }
    }

    private func opened(_ id: Int, _ connection: PostgresConnection) {
        metrics.connected()
        connections[id] = connection
        connection.onClose = { self.lost(id, $0) }
        if !connection.isOpen { lost(id, PostgresError(.connectionLost, "closed at once")) }
        perform(machine.opened(id))
    }

    private func openFailed(_ id: Int, _ error: PostgresError) {
        // Whatever the server says to somebody who connects (a wrong password too), the caller's database is away.
        lastOpenError = error.kind == .refusedServer ? error : PostgresError(.unavailable, error.message)
        logger.warning("no connection to PostgreSQL", metadata: [LogKey.error: "\(LogText.of(error))"])
        perform(machine.openFailed(id, now: loop.now, random: .random(in: 0...1)))
    }

    private func close(_ id: Int) {
        guard let connection = connections.removeValue(forKey: id) else { return }
        connection.onClose = nil
        connection.close(PostgresError(.connectionLost, "the pool closed the connection"))
    }

    private func lost(_ id: Int, _ reason: PostgresError) {
        guard connections.removeValue(forKey: id) != nil else { return }
        logger.notice(
            "connection to PostgreSQL lost", metadata: [LogKey.error: "\(LogText.of(reason))"])
        perform(machine.lost(id, now: loop.now))
        updateMeters()
        noteIdle()
    }

    private func putBack(_ pooled: PooledConnection) {
        let now = loop.now
        let isWorn = pooled.connection.isWorn(now: now)
        perform(machine.released(pooled.id, isWorn: isWorn, now: now))
        noteIdle()
    }

    private func updateMeters() {
        let busy = machine.leasedCount
        metrics.update(idle: max(0, connections.count - busy), busy: busy)
    }

    private func noteIdle() {
        guard machine.isIdle else { return }
        onIdle.forEach { $0.resume() }
        onIdle.removeAll()
    }

    private func closeAll() {
        connections.keys.forEach { close($0) }
        updateMeters()
        onIdle.forEach { $0.resume() }
        onIdle.removeAll()
    }

    // MARK: Time

    private func startTicking() {
        guard ticker == nil else { return }
        ticker = loop.schedule(after: Self.tick) { self.ticked() }
    }

    private func ticked() {
        ticker = nil
        let now = loop.now
        for connection in connections.values { connection.enforceDeadline(now: now) }
        perform(machine.tick(now: now))
        updateMeters()
        if !machine.isIdle { startTicking() }
    }
}

/// A connection on loan: give it back with `release`, once.
package struct PooledConnection: Sendable {
    let id: Int
    /// When it was lent, on the clock of `MonotonicTime`.
    let startTime: UInt64
    package let connection: PostgresConnection
    /// Whom the time is told to, and whose name the database shows.
    var account: (any WorkAccount)?

    func lent(to account: (any WorkAccount)?) -> PooledConnection {
        var lent = self
        lent.account = account
        return lent
    }
}
