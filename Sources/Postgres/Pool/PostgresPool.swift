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
    private var patience: Timer?
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
        machine = PoolStateMachine(PoolLimits(settings))
    }

    /// Connections that are open, opening or waiting for their next attempt, and callers that wait for one.
    package var connectionCount: Int { machine.connectionCount }
    package var waiterCount: Int { machine.waiterCount }
    package var leasedCount: Int { machine.leasedCount }

    /// Lends a connection, one that knows the tenant if it is free. Waits in line when all are taken, or the tenant's share of them.
    /// - Parameter scan: that it is for.
    /// - Throws: `.poolExhausted` when the line is full or the deadline passed in it, `.tenantBusy` when too much of this tenant
    ///   waits, `.unavailable` or `.refusedServer` when no connection can be made, `.queryCanceled` when the Task was cancelled.
    package func lease(
        affinity tenant: TenantID?, scan: Scan? = nil, deadline: UInt64
    ) async throws(PostgresError) -> PooledConnection {
        loop.assertCurrent()
        nextWaiter += 1
        let waiter = nextWaiter
        let account = CurrentWork.account
        switch machine.lease(waiter, tenant: tenant, scan: scan, deadline: deadline, now: MonotonicTime.now()) {
        case .granted(let id):
            startTicking()
            return pooled(id, isScan: scan != nil).lent(to: account)
        case .queued(let actions):
            let start = MonotonicTime.now()
            defer {
                let waited = MonotonicTime.now() - start
                metrics.waited(nanoseconds: waited)
                account?.waitedForConnection(nanoseconds: waited)
            }
            var lent = try await wait(waiter, actions).lent(to: account)
            lent.isScan = scan != nil
            return lent
        case .overloaded: throw refusal(.lineFull)
        case .tenantOverloaded: throw refusal(.tenantLineFull)
        case .scansOverloaded: throw refusal(.scans)
        case .closed: throw PostgresError(.unavailable, "the pool is closed")
        }
    }

    /// Throws what `lease` would throw now for a scan of the tenant that is not known to be quick: for whoever has much to do before it
    /// can name its scan.
    package func checkScanLine(of tenant: TenantID) throws(PostgresError) {
        loop.assertCurrent()
        switch machine.scanRefusal(of: tenant) {
        case .overloaded: throw refusal(.lineFull)
        case .tenantOverloaded: throw refusal(.tenantLineFull)
        case .scansOverloaded: throw refusal(.scans)
        case .granted, .queued, .closed, nil: return
        }
    }

    /// Takes a connection back. One that is not at rest is brought to rest first, in the background.
    package func release(_ pooled: PooledConnection) {
        loop.assertCurrent()
        let end = MonotonicTime.now()
        metrics.transactionEnded(nanoseconds: end - pooled.startTime)
        if pooled.isScan { metrics.scanEnded(nanoseconds: end - pooled.startTime) }
        pooled.account?.usedDatabase(
            settings.name, from: pooled.startTime, to: end, isScan: pooled.isScan,
            error: pooled.connection.leaseError.map { $0.sqlState ?? "\($0.kind)" })
        guard pooled.connection.isOpen else { return }
        if !pooled.connection.isAtRest {
            loop.spawn { if await pooled.connection.rest() { self.putBack(pooled) } }
        } else if pooled.connection.isMeasureDue(now: loop.now, isBusy: machine.waiterCount > 0) {
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
            case .expire(let waiter): resume(waiter, .failure(refusal(.deadline)))
            case .expireScan(let waiter): resume(waiter, .failure(refusal(.scans)))
            case .refuse(let waiter):
                resume(waiter, .failure(lastOpenError ?? PostgresError(.unavailable, "the pool is closed")))
            }
        }
        bePatient()
    }

    private func refusal(_ reason: PoolRefusal) -> PostgresError {
        metrics.refused(reason)
        return PostgresError(reason.kind, reason.message)
    }

    private func pooled(_ id: Int, isScan: Bool = false) -> PooledConnection {
        guard let connection = connections[id] else {
            preconditionFailure("connection \(id) is granted but gone")
        }
        connection.leaseError = nil
        return PooledConnection(id: id, startTime: MonotonicTime.now(), connection: connection, isScan: isScan)
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
                await self.warm(connection, as: id)
                self.opened(id, connection)
            } catch {
                self.openFailed(id, error)
            }
        }
    }

    /// A successor learns what its predecessor knows before it takes over, so that nobody notices.
    private func warm(_ connection: PostgresConnection, as id: Int) async {
        guard let worn = machine.predecessor(of: id).flatMap({ connections[$0] }) else { return }
        await connection.warm(like: worn)
    }

    private func opened(_ id: Int, _ connection: PostgresConnection) {
        metrics.connected()
        connections[id] = connection
        connection.onClose = { self.lost(id, $0) }
        if !connection.isOpen { lost(id, PostgresError(.connectionLost, "closed at once")) }
        perform(machine.opened(id, now: MonotonicTime.now()))
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
        perform(machine.lost(id, now: MonotonicTime.now()))
        updateMeters()
        noteIdle()
    }

    private func putBack(_ pooled: PooledConnection) {
        let now = MonotonicTime.now()
        let isWorn = pooled.connection.isWorn(now: now)
        let isWhole = pooled.connection.leaseError == nil
        perform(machine.released(pooled.id, isWorn: isWorn, isWhole: isWhole, now: now))
        noteIdle()
    }

    private func updateMeters() {
        let busy = machine.leasedCount
        metrics.update(idle: max(0, connections.count - busy), busy: busy, waiting: machine.waiterCount)
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
        let now = MonotonicTime.now()
        for connection in connections.values { connection.enforceDeadline(now: now) }
        perform(machine.tick(now: now))
        updateMeters()
        if !machine.isIdle { startTicking() }
    }

    /// Somebody waits for a connection that knows his tenant while another is idle: until his own patience ends, whoever waited before.
    private func bePatient() {
        guard patience == nil, let end = machine.patienceEnd(after: MonotonicTime.now()) else { return }
        patience = loop.schedule(at: end) { [self] in
            patience = nil
            perform(machine.tick(now: MonotonicTime.now()))
        }
    }
}

/// A connection on loan: give it back with `release`, once.
package struct PooledConnection: Sendable {
    let id: Int
    /// When it was lent, on the clock of `MonotonicTime`.
    let startTime: UInt64
    package let connection: PostgresConnection
    /// What it was lent for may take long.
    var isScan: Bool
    /// Whom the time is told to, and whose name the database shows.
    var account: (any WorkAccount)?

    func lent(to account: (any WorkAccount)?) -> PooledConnection {
        var lent = self
        lent.account = account
        return lent
    }
}
