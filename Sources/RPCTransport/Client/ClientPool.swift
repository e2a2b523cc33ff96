import DequeModule
import Logging
import RPC
import Reactor
import TLSTransport

/// What all loops of a client share; never changes.
struct ClientConfiguration: Sendable {
    /// What the server is called in errors and logs.
    let name: String
    let tls: TLSContext
    let limits: ClientLimits
    /// Done on each connection before it takes calls.
    let preparation: ConnectionPreparation?
    /// Hears of the attempts beyond the first.
    let onAttempt: AttemptObserver
    let agent: String
    let logger: Logger
    let audience: ErrorAudience
}

/// The part of a client on one loop: a connection to each instance, the calls that wait for one, and what was learnt about the
/// instances. Making and losing connections is in ClientPool+Connections.swift.
// SAFETY: confined to its loop after init.
final class ClientPool: @unchecked Sendable {
    let loop: EventLoop
    let config: ClientConfiguration
    let readyCount: SharedCount
    /// Has the host names looked up again, since a connection failed.
    var lookAgain: (@Sendable () -> Void)?

    var instances: [Instance] = []
    /// Connections that take no more calls and live on for those they have.
    var leaving: [ClientConnection] = []
    var outliers: OutlierDetector
    var retryBudget = RetryBudget()
    /// Somebody has asked for connections.
    var isWanted = false
    var isClosed = false
    /// The instances are not known yet, and may be soon.
    var isResolving: Bool
    var lastFailure: (any Error)?
    /// Attempts under way and sockets not closed yet.
    var liveCount = 0
    var connectFailures: UInt64 = 0
    /// What became of the attempts beyond the first.
    var attempts: [ExtraAttempt: UInt64] = [:]
    /// What went over the connections of this client on this loop.
    let traffic = LoopTraffic()
    /// Not bounded here: what waits for a server was bounded where it came from.
    let backlog = Backlog()
    /// Counts the times that all connections were to be prepared anew.
    var preparationRound = 0

    private var waiting = Deque<OutboundCall>()
    private let deadlines: DeadlineWatch
    private var retries: [ObjectIdentifier: WaitingRetry] = [:]
    private var whenClosed: [CheckedContinuation<Void, Never>] = []
    /// Where to begin to look for the least busy connection, so that among equals each has its turn.
    private var turn = 0

    /// A call between two attempts.
    private struct WaitingRetry {
        let call: any RepeatingCall
        let timer: Timer
    }

    init(loop: EventLoop, config: ClientConfiguration, endpoints: [Endpoint], readyCount: SharedCount) {
        self.loop = loop
        self.config = config
        self.readyCount = readyCount
        outliers = OutlierDetector(rules: config.limits.outliers)
        isResolving = endpoints.isEmpty
        deadlines = DeadlineWatch(loop: loop)
        for endpoint in endpoints { addInstance(endpoint) }
    }

    func addInstance(_ endpoint: Endpoint) {
        instances.append(Instance(endpoint, number: outliers.add(), limits: config.limits))
    }

    // MARK: Placing calls

    /// Begins the call on the least busy connection, or keeps it until there is one. The first frame goes along.
    /// - Parameters:
    ///   - pinned: the only connection that will do.
    ///   - avoided: a connection that will do only when there is no other.
    func place(
        _ call: OutboundCall, _ start: StartView, _ first: FrameView, on pinned: ClientConnection? = nil,
        avoiding avoided: ClientConnection? = nil
    ) {
        loop.assertCurrent()
        if deadlines.onDue == nil { deadlines.onDue = { [unowned self] in expireCalls($0) } }
        guard !isClosed else { return refuse(call, Self.closed) }
        guard call.deadline.remainingNanoseconds(at: loop.now) > 0 else {
            return refuse(call, .deadlineExceeded("The time was over before the call could begin."))
        }
        guard start.encodedSize <= config.limits.startBytesMax else {
            return refuse(call, Self.startTooLong(start.encodedSize, config.limits.startBytesMax))
        }
        if let connection = pinned ?? leastBusy(avoiding: avoided) {
            guard connection.hasRoom else { return refuse(call, Self.connectionIsLeaving) }
            connection.begin(call, now: loop.now)
            var start = start
            start.timeoutMillis = call.deadline.remainingMilliseconds(at: loop.now) ?? 0
            call.transmit(first, start: start)
        } else {
            guard wait(call) else { return }
            call.transmit(first, start: start)
        }
        deadlines.add(call.deadline)
    }

    private static let closed = RPCError.unavailable("CLIENT_CLOSED", "The client has been closed.")
    private static let connectionIsLeaving = RPCError.unavailable(
        "CONNECTION_CLOSED", "The connection is leaving and begins no more calls.")

    private static func startTooLong(_ bytes: Int, _ bytesMax: Int) -> RPCError {
        .resourceExhausted(
            "START_TOO_LONG",
            "Method, metadata and the rest of the start take \(bytes) bytes of at most \(bytesMax); send less.",
            details: [(key: "start_bytes_max", value: "\(bytesMax)")])
    }

    private func wait(_ call: OutboundCall) -> Bool {
        connectIdle()
        guard waiting.count < config.limits.queuedCallsMax else {
            refuse(
                call,
                .resourceExhausted(
                    ErrorAudience.queueFull,
                    "More than \(config.limits.queuedCallsMax) calls wait for a connection."))
            return false
        }
        guard call.waitsForReady || mayBecomeReady else {
            refuse(call, unreachable())
            return false
        }
        waiting.append(call)
        return true
    }

    /// Fails the call, but not before the caller has got hold of it.
    private func refuse(_ call: OutboundCall, _ error: RPCError) {
        loop.execute { call.fail(error, wasBegun: false) }
    }

    /// The ready connection with the fewest calls whose instance does well; among equals each has its turn.
    private func leastBusy(avoiding avoided: ClientConnection? = nil) -> ClientConnection? {
        var best: ClientConnection?
        let now = loop.now
        // A second attempt takes no turn, or each first one would begin at the same instance.
        if avoided == nil { turn = turn + 1 < instances.count ? turn + 1 : 0 }
        var index = turn < instances.count ? turn : 0
        for _ in instances.indices {
            let instance = instances[index]
            index = index + 1 < instances.count ? index + 1 : 0
            guard case .ready(let connection) = instance.link, connection.hasRoom, connection !== avoided,
                !outliers.isEjected(instance.number, at: now)
            else { continue }
            if connection.callCount < best?.callCount ?? .max { best = connection }
        }
        return best ?? lastResort()
    }

    /// When no instance that does well has a free place: better one that is ejected, or has not said hello yet, than none.
    private func lastResort() -> ClientConnection? {
        for instance in instances {
            if case .ready(let connection) = instance.link, connection.hasRoom { return connection }
        }
        guard config.preparation == nil else { return nil }
        return instances.lazy.compactMap(\.connection).first { $0.hasRoom }
    }

    var statistics: ClientStatistics {
        var sum = ClientStatistics()
        for instance in instances {
            if case .ready(let connection) = instance.link {
                sum.connections += 1
                sum.callsOpen += connection.callCount
            }
            sum.connects += instance.connects
            sum.reconnects += instance.connects > 0 ? instance.connects - 1 : 0
        }
        sum.callsOpen += leaving.reduce(0) { $0 + $1.callCount }
        sum.callsWaiting = waiting.count
        sum.connectFailures = connectFailures
        sum.attempts = attempts
        sum.traffic = traffic.total
        return sum
    }

    private var mayBecomeReady: Bool { isResolving || instances.contains(where: \.mayBecomeReady) }

    private func unreachable() -> RPCError {
        let place = instances.map(\.endpoint.address.description).joined(separator: ", ")
        return .unavailable(
            "SERVER_UNREACHABLE",
            instances.isEmpty
                ? "The address of \(config.name) cannot be found."
                : "No connection to \(config.name) at \(place).",
            retryDelay: config.limits.backoffFirst, cause: lastFailure)
    }

    /// A call has ended: one that waits may begin.
    func placeBecameFree() {
        while let call = waiting.first {
            if call.isEnded {
                waiting.removeFirst()
            } else if call.deadline.nanoseconds <= loop.now {
                waiting.removeFirst()
                call.fail(.deadlineExceeded("The time was over before the call could begin."), wasBegun: false)
            } else if let connection = leastBusy() {
                waiting.removeFirst()
                connection.begin(call, now: loop.now)
            } else {
                return
            }
        }
    }

    /// Nobody may answer soon: calls that do not want to wait are told.
    func failWaiting() {
        guard !mayBecomeReady else { return }
        let calls = waiting
        waiting = Deque(calls.filter { $0.waitsForReady && !$0.isEnded })
        for call in calls where !call.waitsForReady { call.fail(unreachable(), wasBegun: false) }
    }

    private func expireCalls(_ now: UInt64) -> Deadline {
        var next = Deadline.never
        var due: [OutboundCall] = []
        let look = { (call: OutboundCall) in
            if call.isEnded { return }
            if call.deadline.nanoseconds <= now { due.append(call) } else { next = min(next, call.deadline) }
        }
        for instance in instances { instance.connection?.forEachCall(look) }
        for connection in leaving { connection.forEachCall(look) }
        for call in waiting { look(call) }
        for call in due {
            call.owner?.noteDeadline(of: call, now: now)
            call.cancel(.deadlineExceeded("The server did not answer in time."))
        }
        placeBecameFree()
        return next
    }

    // MARK: Attempts

    /// The time to wait before the next attempt, paid from the budget; nil when the error is final.
    func retryWait(after error: RPCError, attempts: Int, deadline: Deadline) -> Duration? {
        guard !isClosed,
            let wait = config.limits.retry.wait(
                after: error, attempts: attempts, remaining: deadline.remainingNanoseconds(at: loop.now)),
            pay(for: .retry)
        else { return nil }
        return wait
    }

    /// Has the call send itself again after the wait, unless it is forgotten before.
    func sendAgain(_ call: any RepeatingCall, after wait: Duration) {
        let id = ObjectIdentifier(call)
        let timer = loop.schedule(after: wait) { [weak self] in
            self?.retries.removeValue(forKey: id)?.call.sendAgain()
        }
        retries[id] = WaitingRetry(call: call, timer: timer)
    }

    /// The call does not want another attempt any more.
    func forget(_ call: any RepeatingCall) { retries.removeValue(forKey: ObjectIdentifier(call))?.timer.cancel() }

    // MARK: Ending

    /// Closes all connections; calls fail. Resumes once every socket is closed.
    func close(_ continuation: CheckedContinuation<Void, Never>) {
        whenClosed.append(continuation)
        if !isClosed { beginClose() }
        liveCountChanged(by: 0)
    }

    func liveCountChanged(by delta: Int) {
        liveCount += delta
        guard isClosed, liveCount == 0 else { return }
        for continuation in whenClosed { continuation.resume() }
        whenClosed = []
    }

    private func beginClose() {
        isClosed = true
        deadlines.cancel()
        for call in waiting { call.fail(Self.closed, wasBegun: false) }
        waiting.removeAll()
        let waitingRetries = retries.values
        retries = [:]
        for retry in waitingRetries {
            retry.timer.cancel()
            retry.call.giveUp(Self.closed)
        }
        closeConnections()
    }
}

/// A call that can be made again after a wait.
protocol RepeatingCall: AnyObject, Sendable {
    /// The wait is over.
    func sendAgain()
    /// There will be no other attempt.
    func giveUp(_ error: RPCError)
}
