import RPC

/// One instance of the server in a pool, and the connection to it.
// SAFETY: confined to the loop of its pool.
final class Instance: @unchecked Sendable {
    /// Where the connection stands.
    enum Link {
        /// Not wanted yet. → connecting
        case idle
        /// TLS is being set up. → warming, backoff
        case connecting
        /// The server's hello has not come, or the connection is being prepared. → ready, connecting (server leaves), backoff
        case warming(ClientConnection)
        /// Takes calls. → connecting (server leaves), backoff (lost)
        case ready(ClientConnection)
        /// Waits before the next attempt. → connecting
        case backoff
        /// The server has no such instance any more. End.
        case gone
    }

    let endpoint: Endpoint
    /// By which the pool's detector of outliers knows it.
    let number: Int
    var link = Link.idle
    /// Connections made since the start.
    var connects: UInt64 = 0
    var backoff: Backoff
    /// The last attempt to connect.
    var attempt: Task<Void, Never>?

    init(_ endpoint: Endpoint, number: Int, limits: ClientLimits) {
        self.endpoint = endpoint
        self.number = number
        backoff = Backoff(first: limits.backoffFirst, longest: limits.backoffLongest)
    }

    /// The connection, whether it takes calls already or not.
    var connection: ClientConnection? {
        switch link {
        case .warming(let connection), .ready(let connection): connection
        case .idle, .connecting, .backoff, .gone: nil
        }
    }

    var isReady: Bool {
        if case .ready = link { return true }
        return false
    }

    /// A connection is there or being made.
    var mayBecomeReady: Bool {
        switch link {
        case .connecting, .warming, .ready: true
        case .idle, .backoff, .gone: false
        }
    }
}
