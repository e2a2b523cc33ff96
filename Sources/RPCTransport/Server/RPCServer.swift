package import Logging
package import RPC
package import Reactor
import Synchronization
package import TLSTransport

/// Takes a call that the router does not know, frame by frame: the gateway's way to forward it. Runs on the loop of the connection;
/// the frame is the first one of the call and holds its start. Set `call.receiver` to get the rest.
package typealias RawHandler = @Sendable (_ call: InboundCall, _ first: FrameView) -> Void

/// A call that a server answers by itself, without passing it on.
package enum OwnAnswer: Sendable {
    /// By a handler of its router, which begins.
    case served(MethodDefinition)
    case refused
}

/// Learns of each call that the server answers by itself, and says for how many nanoseconds its connection is then read no further; 0: read
/// on. Runs on the loop of the connection.
package typealias AnswerPace = @Sendable (_ connection: ConnectionContext, _ answer: OwnAnswer) -> UInt64

/// Serves the methods of a router over TLS, on every loop of a group.
package final class RPCServer: Sendable {
    private let group: EventLoopGroup
    private let address: SocketAddress
    private let tls: TLSContext
    private let servers: [LoopServer]
    private let bound = Mutex<SocketAddress?>(nil)

    /// - Parameters:
    ///   - address: where to listen; port 0 lets the kernel choose.
    ///   - interceptors: run in this order before each handler.
    ///   - admission: how many calls are worked on at once, and which wait for their turn; nil: none waits.
    ///   - fallback: takes calls that the router does not know, instead of UNIMPLEMENTED.
    ///   - pace: bounds the calls that the server answers by itself; nil: nothing does.
    ///   - peers: who may connect.
    ///   - agent: program and version, for the logs of the other side.
    ///   - tracing: which of the traces that begin here are recorded, and where.
    ///   - accountsWork: the database is to tell each call the time that it spent for it, through `CurrentWork`, and the loop its own. 0.1 µs a call
    ///     (measured), and only for programs that have one.
    package init(
        loops: EventLoopGroup, address: SocketAddress, tls: TLSContext, router: Router,
        interceptors: [any Interceptor] = [], admission: AdmissionRule? = nil, fallback: RawHandler? = nil,
        pace: AnswerPace? = nil, peers: PeerPolicy,
        limits: ServerLimits = ServerLimits(), agent: String, logger: Logger,
        observer: any TransportObserver = NoObserver(), tracing: Tracing = .off,
        accountsWork: Bool = false
    ) {
        group = loops
        self.address = address
        self.tls = tls
        let config = ServerConfiguration(
            routes: RouteTable(router), interceptors: interceptors, admission: admission, fallback: fallback,
            pace: pace, peers: peers, limits: limits,
            agent: agent, logger: logger, observer: observer, tracing: tracing, accountsWork: accountsWork)
        servers = loops.loops.map { LoopServer(loop: $0, config: config) }
    }

    /// Listens on all loops. Throws `TLSError` naming the address and the cure.
    package func start() async throws {
        var address = address
        for server in servers {
            let wanted = address
            // The first loop finds out which port port 0 means; the others share it.
            address = try await withCheckedThrowingContinuation { continuation in
                server.loop.execute { [tls] in
                    continuation.resume(with: Result { try server.listen(wanted, tls) })
                }
            }
        }
        bound.withLock { $0 = address }
    }

    /// The parts of the server, one for each loop.
    var loopServers: [LoopServer] { servers }

    /// Where the server listens; nil before `start`.
    package var localAddress: SocketAddress? { bound.withLock { $0 } }

    /// Takes leave: no new connections, go-away to the ones there are, endless streams end, other calls are finished. Returns when
    /// all is done or the time is over; calls that are left then fail with UNAVAILABLE.
    package func drain(within limit: Duration) async {
        await withTaskGroup(of: Void.self) { tasks in
            for server in servers { tasks.addTask { await server.drain(within: limit) } }
        }
    }
}
