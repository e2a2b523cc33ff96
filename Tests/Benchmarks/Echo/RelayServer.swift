import RPC
import RPCTransport
import Reactor
import TLSTransport

/// Passes every call on, with the proof of a caller added, as the gateway does for a connection with a session.
enum RelayServer {
    /// A token with claims and three codes is about as long.
    private static let tokenBytes = 240

    static func make(_ folder: Folder, _ port: String) throws -> RPCServer {
        let loops = try EventLoopGroup(count: 1)
        let client = RPCClient(
            loops: loops, addresses: [try SocketAddress("127.0.0.1:\(port)")],
            serverName: "server.steward.internal",
            tls: try .client(folder.settings("gateway", verify: .required)), agent: "steward-echo",
            logger: EchoServer.logger)
        client.connect()
        let token = [UInt8](repeating: 0, count: tokenBytes)
        return RPCServer(
            loops: loops, address: try SocketAddress("127.0.0.1:0"),
            tls: try .server(folder.settings("server", verify: .none)), router: Router(),
            fallback: { call, frame in pass(call, frame, to: client, token) }, peers: .anyone,
            agent: "steward-echo", logger: EchoServer.logger)
    }

    private static func pass(_ call: InboundCall, _ frame: FrameView, to client: RPCClient, _ token: [UInt8]) {
        guard let bytes = frame.start, var start = try? StartView(parsing: bytes) else {
            return call.finish(
                .invalidArgument("FRAME_MALFORMED", "The first frame of a call holds its start."))
        }
        token.withUnsafeBytes { token in
            start.caller = token
            CallRelay.start(call, first: frame, start: start, client: client) { _ in nil }
        }
    }
}
