import DequeModule
import Logging
import Observability
import RPC
import Reactor
import Synchronization
import TLSTransport

/// What all loops of a client share; never changes.
struct ClientConfiguration: Sendable {
    let addresses: [SocketAddress]
    let serverName: String
    let tls: TLSContext
    let limits: ClientLimits
    let agent: String
    let logger: Logger
}

/// The part of a client on one loop: a connection to each address, and the calls that wait for one.
// SAFETY: confined to its loop after init.
final class ClientPool: @unchecked Sendable {
    /// Where the connection to one address stands.
    private enum Link {
        /// Not wanted yet. → connecting
        case idle
        /// TLS is being set up. → ready, backoff
        case connecting
        /// Takes calls. → connecting (server leaves), backoff (lost)
        case ready(ClientConnection)
        /// Waits before the next attempt. → connecting
        case backoff
    }

    private struct Member {
        let address: SocketAddress
        var link = Link.idle
        var connects: UInt64 = 0
        var backoff: Backoff
    }

    let loop: EventLoop
    let config: ClientConfiguration
    private let readyCount: SharedCount
    private var members: [Member]
    private var leaving: [ClientConnection] = []
    private var waiting = Deque<OutboundCall>()
    private let deadlines: DeadlineWatch
    private var isClosed = false
    private var lastFailure: (any Error)?
    /// The last attempt to connect to each member.
    private var attempts: [Task<Void, Never>?]
    /// Attempts under way and sockets not closed yet.
    private var liveCount = 0
    private var connectFailures: UInt64 = 0
    private let traffic = LoopTraffic()
    private var whenClosed: [CheckedContinuation<Void, Never>] = []

    init(loop: EventLoop, config: ClientConfiguration, readyCount: SharedCount) {
        self.loop = loop
        self.config = config
        self.readyCount = readyCount
        let limits = config.limits
        members = config.addresses.map {
            Member(address: $0, backoff: Backoff(first: limits.backoffFirst, longest: limits.backoffLongest))
        }
        attempts = config.addresses.map { _ in nil }
        deadlines = DeadlineWatch(loop: loop)
    }

    // MARK: Placing calls

    /// Begins the call on the least busy connection, or keeps it until there is one. The first frame goes along.
    func place(_ call: OutboundCall, _ start: StartView, _ first: FrameView) {
        loop.assertCurrent()
        if deadlines.onDue == nil { deadlines.onDue = { [unowned self] in expireCalls($0) } }
        guard !isClosed else {
            return refuse(call, .unavailable("CLIENT_CLOSED", "The client has been closed."))
        }
        guard call.deadline.remainingNanoseconds(at: loop.now) > 0 else {
            return refuse(call, .deadlineExceeded("The time was over before the call could begin."))
        }
        guard start.encodedSize <= config.limits.startBytesMax else {
            return refuse(call, Self.startTooLong(start.encodedSize, config.limits.startBytesMax))
        }
        if let connection = leastBusy() {
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
                    "CLIENT_QUEUE_FULL",
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

    private func leastBusy() -> ClientConnection? {
        var best: ClientConnection?
        for member in members {
            guard case .ready(let connection) = member.link, connection.hasRoom else { continue }
            if connection.callCount < best?.callCount ?? .max { best = connection }
        }
        return best
    }

    /// A connection is there or being made.
    private var mayBecomeReady: Bool {
        members.contains { member in
            switch member.link {
            case .ready, .connecting: true
            case .idle, .backoff: false
            }
        }
    }

    private func unreachable() -> RPCError {
        .unavailable(
            "SERVER_UNREACHABLE",
            "No connection to \(config.serverName) at \(config.addresses.map(\.description).joined(separator: ", ")).",
            retryDelay: config.limits.backoffFirst, cause: lastFailure)
    }

    /// A call has ended: one that waits may begin.
    func placeBecameFree() {
        while let call = waiting.first {
            if call.isEnded {
                waiting.removeFirst()
            } else if let connection = leastBusy() {
                waiting.removeFirst()
                connection.begin(call, now: loop.now)
            } else {
                return
            }
        }
    }

    private func expireCalls(_ now: UInt64) -> Deadline {
        var next = Deadline.never
        var due: [OutboundCall] = []
        let look = { (call: OutboundCall) in
            if call.isEnded { return }
            if call.deadline.nanoseconds <= now { due.append(call) } else { next = min(next, call.deadline) }
        }
        for member in members {
            if case .ready(let connection) = member.link { connection.forEachCall(look) }
        }
        for connection in leaving { connection.forEachCall(look) }
        for call in waiting { look(call) }
        for call in due { call.cancel(.deadlineExceeded("The server did not answer in time.")) }
        placeBecameFree()
        return next
    }

    // MARK: Connections

    /// Begins to connect where nobody has yet.
    func connectIdle() {
        for index in members.indices {
            if case .idle = members[index].link { connect(index) }
        }
    }

    private func connect(_ index: Int) {
        guard !isClosed else { return }
        members[index].link = .connecting
        liveCountChanged(by: 1)
        let config = config
        let address = members[index].address
        attempts[index] = loop.spawn {
            do {
                let tls = try await TLSConnection.connect(
                    loop: self.loop, address: address, context: config.tls, serverName: config.serverName,
                    timeout: config.limits.link.helloTimeout)
                self.connected(index, tls)
            } catch {
                self.liveCountChanged(by: -1)
                self.connectFailures += 1
                self.failed(index, error)
            }
        }
    }

    private func connected(_ index: Int, _ tls: TLSConnection) {
        guard !isClosed else {
            liveCountChanged(by: -1)
            return tls.abort()
        }
        let connection = ClientConnection(pool: self, memberIndex: index)
        members[index].link = .ready(connection)
        members[index].connects += 1
        readyCount.add(1)
        connection.start(tls, config.limits, agent: config.agent, traffic: traffic)
        placeBecameFree()
    }

    /// The server has said hello: it is one of ours, so the next failure is a new story.
    func helloReceived(_ connection: ClientConnection) {
        members[connection.memberIndex].backoff.reset()
        placeBecameFree()
    }

    private func failed(_ index: Int, _ error: any Error) {
        lastFailure = error
        guard !isClosed else { return }
        let delay = members[index].backoff.failed()
        members[index].link = .backoff
        if members[index].backoff.failureCount == 1 {
            config.logger.warning(
                "cannot connect; trying on",
                metadata: [
                    LogKey.address: "\(members[index].address)", LogKey.peer: "\(config.serverName)",
                    LogKey.error: "\(error)",
                ])
        }
        loop.schedule(after: delay) { [weak self] in self?.connect(index) }
        failWaiting()
    }

    /// Nobody may answer soon: calls that do not want to wait are told.
    private func failWaiting() {
        guard !mayBecomeReady else { return }
        let calls = waiting
        waiting = Deque(calls.filter { $0.waitsForReady && !$0.isEnded })
        for call in calls where !call.waitsForReady { call.fail(unreachable(), wasBegun: false) }
    }

    /// The server takes no more calls on the connection, which lives on for the calls it has: make another.
    func connectionLeaves(_ connection: ClientConnection) {
        guard isCurrent(connection) else { return }
        readyCount.add(-1)
        leaving.append(connection)
        connect(connection.memberIndex)
    }

    func connectionClosed(_ connection: ClientConnection, _ error: RPCError?) {
        leaving.removeAll { $0 === connection }
        guard isCurrent(connection) else { return }
        readyCount.add(-1)
        failed(
            connection.memberIndex,
            error ?? .unavailable("CONNECTION_CLOSED", "The server closed the connection."))
    }

    var statistics: ClientStatistics {
        var sum = ClientStatistics()
        for member in members {
            if case .ready(let connection) = member.link {
                sum.connections += 1
                sum.callsOpen += connection.callCount
            }
            sum.connects += member.connects
            sum.reconnects += member.connects > 0 ? member.connects - 1 : 0
        }
        sum.callsOpen += leaving.reduce(0) { $0 + $1.callCount }
        sum.callsWaiting = waiting.count
        sum.connectFailures = connectFailures
        sum.traffic = traffic.total
        return sum
    }

    private func isCurrent(_ connection: ClientConnection) -> Bool {
        if case .ready(let current) = members[connection.memberIndex].link { return current === connection }
        return false
    }

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
        for attempt in attempts { attempt?.cancel() }
        deadlines.cancel()
        let error = RPCError.unavailable("CLIENT_CLOSED", "The client has been closed.")
        for call in waiting { call.fail(error, wasBegun: false) }
        waiting.removeAll()
        for index in members.indices {
            guard case .ready(let connection) = members[index].link else { continue }
            members[index].link = .idle
            readyCount.add(-1)
            connection.link?.close()
        }
        for connection in leaving { connection.link?.close() }
        leaving.removeAll()
    }
}

/// How many connections of a client are ready, over all loops.
final class SharedCount: Sendable {
    private let count = Atomic<Int>(0)

    func add(_ delta: Int) { count.wrappingAdd(delta, ordering: .relaxed) }

    var value: Int { count.load(ordering: .relaxed) }
}
