import Logging
import Observability
import RPC
import Reactor
import Synchronization
import TLSTransport
import Wire

/// What all loops of a server share; never changes after the start. A class, so that calls look into it without copying it.
final class ServerConfiguration: Sendable {
    let routes: RouteTable
    let interceptors: [any Interceptor]
    /// Nil: every call begins at once.
    let admission: AdmissionRule?
    let fallback: RawHandler?
    /// Nil: connections are always read.
    let pace: AnswerPace?
    let peers: PeerPolicy
    /// `peers.trustsCallers`.
    let trustsCallers: Bool
    let limits: ServerLimits
    /// `limits.unaryTimeoutDefault` and `limits.timeoutMax` in nanoseconds.
    let unaryTimeoutNanoseconds: UInt64
    let timeoutNanosecondsMax: UInt64
    let agent: String
    let logger: Logger
    let observer: any TransportObserver
    let tracing: Tracing
    let accountsWork: Bool

    init(
        routes: RouteTable, interceptors: [any Interceptor], admission: AdmissionRule?, fallback: RawHandler?,
        pace: AnswerPace?, peers: PeerPolicy, limits: ServerLimits, agent: String, logger: Logger,
        observer: any TransportObserver,
        tracing: Tracing, accountsWork: Bool
    ) {
        self.routes = routes
        self.interceptors = interceptors
        self.admission = admission
        self.fallback = fallback
        self.pace = pace
        self.peers = peers
        trustsCallers = peers.trustsCallers
        self.limits = limits
        unaryTimeoutNanoseconds = MonotonicTime.nanoseconds(limits.unaryTimeoutDefault)
        timeoutNanosecondsMax = MonotonicTime.nanoseconds(limits.timeoutMax)
        self.agent = agent
        self.logger = logger
        self.observer = observer
        self.tracing = tracing
        self.accountsWork = accountsWork
    }
}

/// The part of a server on one loop: its listener and its connections.
// SAFETY: confined to its loop after init.
final class LoopServer: @unchecked Sendable {
    let loop: EventLoop
    let config: ServerConfiguration
    let arenas = ArenaPool()
    private let workers: CallWorkers
    private let scheduler: CallScheduler?
    private let traffic = LoopTraffic()
    private let backlog: Backlog
    private var isRelieving = false
    private var listener: TLSListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var isDraining = false
    private var drained: CheckedContinuation<Void, Never>?
    private var drainTimer: Timer?

    private static let nextConnectionID = Atomic<UInt64>(1)

    init(loop: EventLoop, config: ServerConfiguration) {
        self.loop = loop
        self.config = config
        workers = CallWorkers(loop: loop, isMetered: config.accountsWork)
        backlog = Backlog(bytesMax: config.limits.unsentBytesOfAllMax)
        scheduler = config.admission.map { CallScheduler(loop: loop, rule: $0, observer: config.observer) }
    }

    deinit {
        loop.execute { [workers] in workers.close() }
    }

    /// Listens. Returns the address, whose port was chosen by the kernel if it was 0.
    func listen(_ address: SocketAddress, _ tls: TLSContext) throws -> SocketAddress {
        var limits = TLSLimits()
        limits.connectionCountMax = config.limits.connectionsMax + config.limits.handshakesMax
        limits.connectionsPerAddressMax = config.limits.connectionsPerAddressMax
        limits.handshakesPerAddressAndSecondMax = config.limits.handshakesPerAddressMax
        let listener = try TLSListener(loop: loop, address: address, context: tls, limits: limits) {
            [weak self] connection in self?.accept(connection)
        }
        self.listener = listener
        backlog.onExcess = { [weak self] in self?.relieve() }
        loop.execute { [weak self] in
            listener.onHandshakeFailure = { address, error in self?.handshakeFailed(address, error) }
        }
        return listener.localAddress
    }

    /// On a public port mostly somebody who does not speak Steward; between programs a certificate that has expired.
    private func handshakeFailed(_ address: SocketAddress, _ error: TLSError) {
        config.observer.handshakeFailed()
        config.logger.info(
            "handshake failed", metadata: [LogKey.address: "\(address)", LogKey.error: "\(error)"])
    }

    private func accept(_ tls: TLSConnection) {
        guard !isDraining else { return tls.close() }
        guard connections.count < config.limits.connectionsMax else {
            config.observer.callRefused(reason: "TOO_MANY_CONNECTIONS")
            return tls.abort()
        }
        guard let peer = config.peers.peer(of: tls) else { return refuse(tls) }
        let context = ConnectionContext(
            id: Self.nextConnectionID.wrappingAdd(1, ordering: .relaxed).oldValue, peer: peer,
            remoteAddress: tls.remoteAddress.description, logger: config.logger, tracing: config.tracing)
        let connection = ServerConnection(
            loop: loop, arenas: arenas, workers: workers, scheduler: scheduler, config: config, context: context)
        connections[ObjectIdentifier(connection)] = connection
        config.observer.connectionOpened(isResumed: tls.isResumed)
        let hello = config.limits.link.hello(agent: config.agent, callsMax: config.limits.callsMax)
        let link = FrameLink(
            connection: tls, role: .server, limits: config.limits.link, hello: hello,
            idleTimeout: config.limits.idleTimeout, owner: connection, traffic: traffic,
            backlog: backlog)
        link.onDisposed = { [weak self] in self?.connectionDisposed(connection) }
        connection.start(link)
    }

    private func refuse(_ tls: TLSConnection) {
        let names = tls.peer?.dnsNames.joined(separator: ", ") ?? "none"
        config.logger.warning(
            "connection refused: its certificate names no program that may call here",
            metadata: [LogKey.address: "\(tls.remoteAddress)", LogKey.peer: "\(names)"])
        tls.abort()
    }

    private func connectionDisposed(_ connection: ServerConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        config.observer.connectionClosed()
        finishDrainIfEmpty()
    }

    /// All together wait for more than may be: whoever waits for most gives up his longest answers.
    private func relieve() {
        guard !isRelieving else { return }
        isRelieving = true
        // At the end of the turn: a call is in the midst of queueing.
        loop.execute { [self] in
            isRelieving = false
            while backlog.isTooMuch,
                let fattest = connections.values.max(by: { $0.queuedBytes < $1.queuedBytes }),
                fattest.giveUpLongestQueue()
            {}
        }
    }

    var connectionCount: Int { connections.count }

    var statistics: ServerStatistics { ServerStatistics(connectionsOpen: connections.count, traffic: traffic.total) }

    /// Takes no new connections or calls, and returns when the calls are done and the connections closed, or the time is over.
    func drain(within limit: Duration) async {
        await withCheckedContinuation { continuation in
            loop.execute { self.beginDrain(limit, continuation) }
        }
    }

    private func beginDrain(_ limit: Duration, _ continuation: CheckedContinuation<Void, Never>) {
        guard !isDraining else { return continuation.resume() }
        isDraining = true
        listener?.stopAccepting()
        listener = nil
        drained = continuation
        for connection in Array(connections.values) { connection.beginDrain() }
        drainTimer = loop.schedule(after: limit) { [weak self] in self?.endDrain() }
        finishDrainIfEmpty()
    }

    private func endDrain() {
        for connection in Array(connections.values) { connection.endNow() }
        finishDrainIfEmpty()
    }

    private func finishDrainIfEmpty() {
        guard isDraining, connections.isEmpty, let drained else { return }
        self.drained = nil
        drainTimer?.cancel()
        drained.resume()
    }
}
