/// What a server reports to whoever counts. Called on the loops; must not block.
package protocol TransportObserver: Sendable {
    /// A connection was accepted and its peer admitted; it resumed a TLS session or not.
    func connectionOpened(isResumed: Bool)
    /// Such a connection is gone.
    func connectionClosed()
    /// A client did not come through the TLS handshake.
    func handshakeFailed()
    /// A call or connection was refused for the reason named.
    func callRefused(reason: String)
    /// So many calls more (or fewer) wait for their turn.
    func callsQueued(by change: Int)
    /// A call has waited so long for its turn.
    func callWaited(nanoseconds: UInt64)
    /// A connection was ended because its peer broke the protocol.
    func protocolError(reason: String)
}

/// Nobody counts.
package struct NoObserver: TransportObserver {
    package init() {}

    package func connectionOpened(isResumed: Bool) {}
    package func connectionClosed() {}
    package func handshakeFailed() {}
    package func callRefused(reason: String) {}
    package func callsQueued(by change: Int) {}
    package func callWaited(nanoseconds: UInt64) {}
    package func protocolError(reason: String) {}
}
