package import RPC

/// What a side of a connection accepts and how long it waits, for servers and clients alike. Each limit says why it is what it is.
package struct LinkLimits: Sendable, Hashable {
    /// Longest frame accepted. A frame is handled in one piece, so this is also how long other calls of the connection wait:
    /// 1 MiB takes some 0.2 ms.
    package var frameBytesMax: UInt32 = 1 << 20
    /// Frames that a server handles for a connection before others have their turn: many small ones fit into what is read at
    /// once, and each may be a call, which takes some 2 µs.
    package var framesPerTurnMax = 128
    /// Longest application message accepted, put together from several frames. Pages are bounded at 1,000 records; 4 MiB holds
    /// those of 4 KiB each.
    package var messageBytesMax: UInt32 = 4 << 20
    /// Payload bytes that the other side may send on a call ahead of its reader: 256 KiB keep a stream at 40 Mbit/s over a round
    /// trip of 50 ms.
    package var callCredit: UInt32 = 256 << 10
    /// Payload bytes that the other side may send on a connection ahead of this side: enough for 16 calls at full window.
    package var connectionCredit: UInt32 = 4 << 20
    /// Payload bytes received and not yet taken by their readers, over all calls of a connection, past which connection credit is
    /// no longer given back on arrival: bounds what one connection can make this process keep.
    package var unreadBytesMax = 16 << 20
    /// Bytes waiting for the socket or for credit above which the calls with the longest answers are given up.
    package var unsentBytesMax = 64 << 20
    /// How long the socket may take nothing at all before the connection is dropped.
    package var stallTimeout: Duration = .seconds(30)
    /// Silence after which the other side is pinged: below the minute after which many routers forget a connection.
    package var pingInterval: Duration = .seconds(30)
    /// Silence after a ping that means the other side is gone.
    package var pingTimeout: Duration = .seconds(10)
    /// How long the other side may take for its hello, and a client for connecting in all.
    package var helloTimeout: Duration = .seconds(10)
    /// Pings accepted at once, and per second in the long run. A ping costs an answer; nobody needs more than one a second.
    package var pingBurstMax = 20
    package var pingsPerSecondMax = 2

    package init() {}

    func hello(agent: String, callsMax: UInt32) -> Hello {
        Hello(
            agent: agent, frameBytesMax: frameBytesMax, messageBytesMax: messageBytesMax, callsMax: callsMax,
            callCredit: callCredit, connectionCredit: connectionCredit)
    }
}

/// What a server accepts.
package struct ServerLimits: Sendable, Hashable {
    package var link = LinkLimits()
    /// Calls served at once on a connection, counting cancelled ones until their handler has noticed.
    package var callsMax: UInt32 = 256
    /// Bytes of messages begun and not finished, over all calls of a connection: two messages of 4 MiB.
    package var unfinishedBytesMax = 8 << 20
    /// Bytes of answers that may wait for credit on all connections of a loop; past it whoever waits for most gives up his longest:
    /// 16 connections at their limit, or thousands of slow readers.
    package var unsentBytesOfAllMax = 256 << 20
    /// How long the single request of a call may take to come whole, whatever the caller's timeout: 4 MiB at 1 Mbit/s.
    package var requestTimeout: Duration = .seconds(30)
    /// Longest request of a method that anybody may call without a session; an id or a name takes far less.
    package var protocolRequestBytesMax = 64 << 10
    /// Bytes waiting for credit on a connection past which an answer to such a method does not wait, too.
    package var protocolUnsentBytesMax = 1 << 20
    /// Longest traceparent looked at: version 00 has 55 bytes, later ones may have more.
    package var traceParentBytesMax = 128
    /// Connections open at once on a loop; an idle one takes about 30 KiB.
    package var connectionsMax = 16_384
    /// Connections open at once on a loop from one address, so that one machine cannot take all of them. Nil: not counted, as it
    /// must be when a proxy stands in front, whose address all clients then have.
    package var connectionsPerAddressMax: Int?
    /// Handshakes that one address may begin in a second on a loop; see `TLSLimits`. Nil: not counted.
    package var handshakesPerAddressMax: Int?
    /// Connections shaking hands at once on a loop, besides those that are open. More are reset at once, which tells their clients
    /// sooner than a handshake that is never done.
    package var handshakesMax = 4_096
    /// Longest method name: package, service and method.
    package var methodBytesMax = 256
    /// Metadata of a call in all, and entries: they are copied for each call.
    package var metadataBytesMax = 8 << 10
    package var metadataCountMax = 64
    /// Longest id for retries: a UUID has 36.
    package var requestIDBytesMax = 64
    /// Longest tracestate, as W3C asks for at least.
    package var traceStateBytesMax = 512
    /// Largest caller token: claims and three codes take less than 300 bytes.
    package var callerTokenBytesMax = 2_048
    /// How long a unary call may take when the caller does not say.
    package var unaryTimeoutDefault: Duration = .seconds(30)
    /// The longest a caller may say: a day.
    package var timeoutMax: Duration = .seconds(86_400)
    /// Cancelled calls accepted at once, and per second in the long run: opening and cancelling costs the caller nothing and the
    /// server a handler. Nil: not counted.
    package var cancelBurstMax: Int? = 1_000
    package var cancelsPerSecondMax = 200
    /// Calls that the server answers by itself at once, on one connection, before `AnswerPace` is asked; one comes back each five seconds. So a
    /// client that asks for health now and then, attaches its session or is refused once does not stand in the line of those who do so all the time.
    package var ownAnswersAtOnce = 5
    /// A connection without calls is closed after this long.
    package var idleTimeout: Duration = .seconds(900)
    /// How long a client may take to answer the ping that announces a drain.
    package var drainPingTimeout: Duration = .seconds(2)

    /// What the server announces.
    package func hello(agent: String) -> Hello { link.hello(agent: agent, callsMax: callsMax) }

    /// For a server whose callers are thin clients, each with a connection of its own: what one connection may bind is what one user
    /// needs, four answers of 4 MiB and a window of requests.
    package init() {
        link.unreadBytesMax = 4 << 20
        link.unsentBytesMax = 16 << 20
    }

    /// For servers whose callers are programs of the installation: those carry the calls of many users on one connection. Cancels are
    /// not counted: the gateway counts those of each client, and of all together there may be any number.
    package static var forPrograms: ServerLimits {
        var limits = ServerLimits()
        limits.callsMax = 4_096
        limits.link.connectionCredit = 64 << 20
        limits.link.unreadBytesMax = 256 << 20
        limits.link.unsentBytesMax = 256 << 20
        limits.unsentBytesOfAllMax = 512 << 20
        limits.cancelBurstMax = nil
        limits.unfinishedBytesMax = 256 << 20
        return limits
    }
}

/// What a client does and how long it waits.
package struct ClientLimits: Sendable, Hashable {
    package var link = LinkLimits()
    /// How long a unary call may take when nobody says.
    package var unaryTimeoutDefault: Duration = .seconds(30)
    /// Calls waiting for a connection or a free place on one, per loop. Past this the caller is better told at once.
    package var queuedCallsMax = 4_096
    /// First and longest wait between attempts to connect.
    package var backoffFirst: Duration = .milliseconds(50)
    package var backoffLongest: Duration = .seconds(2)
    /// Longest start of a call: it fits into any frame that a server may ask for, 16 KiB, beside some payload. What the checks of a
    /// server let through and a gateway adds takes 11 KiB.
    package var startBytesMax = 14 << 10
    /// Times that a call which the server has not begun is sent again.
    package var resendsMax = 3
    /// When a call that failed is sent again.
    package var retry = RetryPolicy()
    /// When an instance whose calls fail gets none for a while.
    package var outliers = OutlierDetector.Rules()
    /// A call that ends by its deadline counts against its instance when nothing has come for this long. Callers may choose shorter
    /// deadlines than any instance could meet.
    package var silenceMin: Duration = .seconds(1)
    /// How often host names are looked up again: what the system's resolver keeps for us lasts about as long.
    package var resolveInterval: Duration = .seconds(30)
    /// The least time between two look-ups, when connections fail or a name is not found.
    package var resolvePause: Duration = .seconds(1)

    package init() {
        link.connectionCredit = 64 << 20
        link.unreadBytesMax = 256 << 20
    }
}
