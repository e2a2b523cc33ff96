import Glibc
package import Reactor

/// Accepts TLS connections on one loop. A program has one per loop on the same address.
package final class TLSListener: @unchecked Sendable {  // SAFETY: confined to `loop` after init
    /// What a listener has seen since it began; for metrics, read on the loop.
    package struct Counts: Sendable, Hashable {
        /// Connections whose handshake succeeded.
        package var accepted = 0
        /// Connections closed at once because the listener had `connectionCountMax` or the address
        /// `connectionsPerAddressMax`, or too many of late, or the process nearly all its
        /// descriptors (raise LimitNOFILE).
        package var refused = 0
        /// Handshakes that failed or took too long.
        package var handshakesFailed = 0
        /// Times that the process or the machine had no descriptor or memory for one more.
        package var exhausted = 0
    }

    /// Connections accepted in one turn, so that a flood of them leaves time for those that are open: some 0.1 ms.
    private static let acceptsPerTurnMax = 4
    /// The pause after the process ran out of descriptors: the kernel keeps new connections in the backlog
    /// meanwhile.
    private static let exhaustionPause: Duration = .milliseconds(100)

    package let loop: EventLoop
    /// The address it is bound to, with the real port when 0 was asked for.
    package let localAddress: SocketAddress
    package private(set) var counts = Counts()
    /// Connections that are open or shaking hands.
    package private(set) var connectionCount = 0
    /// Hears why a handshake failed, on the loop; for the log.
    package var onHandshakeFailure: ((SocketAddress, TLSError) -> Void)?

    private let context: TLSContext
    private let group: ConnectionGroup
    private var limits: TLSLimits { group.limits }
    private let onAccept: (TLSConnection) -> Void
    private let socket: Int32
    private let ceiling = Sockets.connectionCeiling()
    private var watch: Watch?
    private var isStopped = false
    /// Connections by address; empty when they are not counted.
    private var countOfHost: [SocketAddress.Host: Int] = [:]
    private let handshakeRates: HandshakeRates?

    /// Binds and listens at once, so that its errors come here; may be called on any thread. Accepts from the
    /// next turn on.
    /// - Parameters:
    ///   - backlog: connections that the kernel keeps for us until they are accepted.
    ///   - onAccept: called on the loop for each connection after its handshake; sets the delegate, or
    ///     closes.
    /// - Throws: `TLSError` of kind `.address`, naming address and cure.
    package init(
        loop: EventLoop, address: SocketAddress, context: TLSContext, limits: TLSLimits = TLSLimits(),
        backlog: Int32 = 1024, onAccept: @escaping @Sendable (TLSConnection) -> Void
    ) throws(TLSError) {
        precondition(context.role == .server, "listening needs a context for servers")
        limits.check()
        socket = try Sockets.listen(address, backlog: backlog)
        self.loop = loop
        self.localAddress = Sockets.localAddress(socket) ?? address
        self.context = context
        group = ConnectionGroup(loop, limits)
        handshakeRates = limits.handshakesPerAddressAndSecondMax.map { HandshakeRates(perSecondMax: $0) }
        self.onAccept = onAccept
        loop.execute { self.startWatching() }
    }

    /// Takes the connections that wait already, then closes the socket. Connections are not touched. A second
    /// call does nothing.
    package func stopAccepting() {
        loop.assertCurrent()
        guard !isStopped else { return }
        while acceptNext() {}
        isStopped = true
        watch?.cancel()
        watch = nil
        Sockets.close(socket)
    }

    /// The kernel may refuse a watch when it is short of memory; then again later, as for descriptors.
    private func startWatching() {
        guard !isStopped else { return }
        do {
            watch = try loop.watch(socket, interest: .read) { [self] _ in acceptSome() }
        } catch {
            counts.exhausted += 1
            loop.schedule(after: Self.exhaustionPause) { self.startWatching() }
        }
    }

    private func acceptSome() {
        var left = Self.acceptsPerTurnMax
        while left > 0, acceptNext() { left -= 1 }
    }

    /// False when there is nothing to accept, or nothing to accept it with.
    private func acceptNext() -> Bool {
        switch Sockets.accept(socket) {
        case .connection(let descriptor, let address):
            admit(descriptor, address)
            return true
        case .died: return true
        case .none: return false
        case .exhausted:
            pause()
            return false
        }
    }

    /// Listening goes on, but not looking: a readable socket that cannot be accepted from would make the loop
    /// spin.
    private func pause() {
        counts.exhausted += 1
        guard watch != nil else { return }
        watch?.cancel()
        watch = nil
        loop.schedule(after: Self.exhaustionPause) { self.startWatching() }
    }

    private func admit(_ descriptor: Int32, _ address: SocketAddress) {
        let host = address.host.network
        guard connectionCount < limits.connectionCountMax, descriptor < ceiling, hasPlace(for: host),
            handshakeRates?.allows(host, at: loop.now) != false
        else {
            counts.refused += 1
            // Said at once: in the backlog the client would wait for nothing.
            return Sockets.reset(descriptor)
        }
        do {
            let connection = try TLSConnection(
                loop: loop, descriptor: descriptor, remoteAddress: address, generation: context.current,
                group: group, role: .server)
            count(host, by: 1)
            connection.onClosed = { [self] in count(host, by: -1) }
            connection.start(timeout: limits.handshakeTimeout) { [self] error in
                finishHandshake(connection, error)
            }
        } catch {
            finishFailure(address, error)
        }
    }

    private func hasPlace(for host: SocketAddress.Host) -> Bool {
        limits.connectionsPerAddressMax.map { countOfHost[host, default: 0] < $0 } ?? true
    }

    /// A connection was opened (+1) or is closed (−1).
    private func count(_ host: SocketAddress.Host, by change: Int) {
        connectionCount += change
        guard limits.connectionsPerAddressMax != nil else { return }
        let count = countOfHost[host, default: 0] + change
        countOfHost[host] = count > 0 ? count : nil
    }

    private func finishHandshake(_ connection: TLSConnection, _ error: TLSError?) {
        if let error { return finishFailure(connection.remoteAddress, error) }
        counts.accepted += 1
        onAccept(connection)
    }

    private func finishFailure(_ address: SocketAddress, _ error: TLSError) {
        counts.handshakesFailed += 1
        onHandshakeFailure?(address, error)
    }
}
