import Credentials
import Logging
import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport

/// The server of the suite, with certificates of its own, and the further servers that cases ask for.
package final class InteropServer: Sendable {
    package static let host = "localhost"
    /// What the certificates name, as a gateway's.
    package static let serverName = "gateway.steward.internal"
    /// Servers that may run at once besides the first.
    private static let furtherMax = 64

    /// The certificate that clients are to trust.
    package let trustRoots: String
    private let loops: EventLoopGroup
    private let tls: TLSContext
    private let tally = CallTally()
    private let main = Mutex<RPCServer?>(nil)
    private let further = Mutex<[RPCServer]>([])

    static let logger = Logger(label: "steward-interop") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter folder: where the certificates are written; it must be there.
    package init(folder: String) throws {
        let authority = try Certificates.makeAuthority(commonName: "interoperability")
        trustRoots = "\(folder)/ca.crt"
        try PrivateFile.write(Array(authority.certificatePEM.utf8), to: trustRoots, mode: 0o644)
        let (certificate, key) = ("\(folder)/server.crt", "\(folder)/server.key")
        try Certificates.issue(
            LeafRequest(commonName: Self.serverName, dnsNames: [Self.serverName]), by: authority
        ).write(certificatePath: certificate, keyPath: key)
        tls = try .server(
            TLSSettings(
                certificateChain: certificate, privateKey: key, trustRoots: trustRoots, verifyPeer: .none))
        loops = try EventLoopGroup(count: 1)
    }

    /// Listens on a port of the loopback that the kernel chooses, and gives it.
    package func start() async throws -> UInt16 {
        let (server, port) = try await start(ServerLimits(), mayDrain: false)
        main.withLock { $0 = server }
        return port
    }

    /// Ends all servers, at once.
    package func stop() async {
        let servers = further.withLock { $0 } + main.withLock { $0.map { [$0] } ?? [] }
        for server in servers { await server.drain(within: .zero) }
        await withCheckedContinuation { continuation in
            let loops = loops
            // Blocks until the loops have ended, so on a thread of its own.
            Task.detached {
                loops.shutdown()
                continuation.resume()
            }
        }
    }

    /// One more server with limits of its own; it may be drained.
    func startFurther(_ limits: ServerLimits) async throws -> UInt16 {
        guard further.withLock({ $0.count }) < Self.furtherMax else {
            throw RPCError.resourceExhausted(
                "TOO_MANY_SERVERS", "\(Self.furtherMax) further servers run; drain one.", domain: "interop")
        }
        let (server, port) = try await start(limits, mayDrain: true)
        further.withLock { $0.append(server) }
        return port
    }

    private func start(_ limits: ServerLimits, mayDrain: Bool) async throws -> (RPCServer, UInt16) {
        let own = DrainSlot()
        let service = TestService(tally: tally, host: self, own: mayDrain ? own : nil)
        let server = RPCServer(
            loops: loops, address: try SocketAddress("127.0.0.1:0"), tls: tls, router: service.router(),
            peers: .anyone, limits: limits, agent: "steward-interop/1", logger: Self.logger)
        own.server.withLock { $0 = server }
        try await server.start()
        guard let port = server.localAddress?.port else {
            throw RPCError(.internal, reason: "NO_ADDRESS", domain: "interop", "The server listens nowhere.")
        }
        return (server, port)
    }

    /// Takes leave of its clients in good order; the connections end when their calls have ended.
    func drain(_ server: RPCServer) {
        Task { [self] in
            await server.drain(within: .seconds(60))
            further.withLock { $0.removeAll { $0 === server } }
        }
    }
}

/// The server that a service belongs to.
final class DrainSlot: Sendable {
    let server = Mutex<RPCServer?>(nil)
}
