package import RPC
import Reactor
import StewardClient
package import TLSTransport
package import Tenancy
import Wire

/// A client that sends whatever bytes a test wants, and records the frames that come back until the server closes.
// SAFETY: confined to its loop, but for what is constant.
package final class RawClient: TLSConnectionDelegate, @unchecked Sendable {
    private let connection: TLSConnection
    private let loops: EventLoopGroup
    private var decoder = FrameDecoder(frameBytesMax: 1 << 24)
    private var frames: [[UInt8]] = []
    private var isClosed = false
    private var waiting: (until: @Sendable ([[UInt8]]) -> Bool, CheckedContinuation<[[UInt8]], Never>)?

    private init(_ connection: TLSConnection, _ loops: EventLoopGroup) {
        (self.connection, self.loops) = (connection, loops)
    }

    /// Connects over TLS to a program, without another word the gateway. Says nothing, not even hello.
    /// - Parameter identity: whose certificate to show; nil shows none.
    package static func connect(
        _ steward: TestSteward, to program: TestProgram? = nil, as identity: ServiceName? = nil
    ) async throws -> RawClient {
        let files = identity.map { steward.certificate(of: $0) }
        let server = program ?? steward.gateway
        return try await connect(
            port: server.port, serverName: server.name.peerName, trustRoots: steward.trustRoots,
            certificate: files?.certificate,
            key: files?.key)
    }

    /// The same, to a port of this machine.
    package static func connect(
        port: Int, serverName: String = ServiceName.gateway.peerName, trustRoots: String, certificate: String? = nil,
        key: String? = nil
    ) async throws -> RawClient {
        let loops = try EventLoopGroup(count: 1, name: "raw-client")
        let loop = loops.loops[0]
        let settings = TLSSettings(
            certificateChain: certificate, privateKey: key, trustRoots: trustRoots, verifyPeer: .required)
        return try await Task(executorPreference: loop) {
            let connection = try await TLSConnection.connect(
                loop: loop, address: SocketAddress("127.0.0.1:\(port)"), context: try TLSContext.client(settings),
                serverName: serverName)
            return await withCheckedContinuation { continuation in
                loop.execute {
                    let client = RawClient(connection, loops)
                    connection.delegate = client
                    continuation.resume(returning: client)
                }
            }
        }.value
    }

    /// Digest of the server's certificate.
    package var serverFingerprint: [UInt8]? { connection.peer?.fingerprint }

    package func send(_ bytes: [UInt8]) {
        connection.loop.execute { [connection] in
            connection.output.append(bytes)
            connection.scheduleFlush()
        }
    }

    /// The bytes of a frame with its length.
    package static func frame(_ build: (inout FrameView) -> Void) -> [UInt8] {
        var frame = FrameView()
        build(&frame)
        let buffer = ByteBuffer()
        frame.append(to: buffer)
        return buffer.copy()
    }

    /// A hello as any client sends it.
    package static var hello: [UInt8] {
        let hello = Hello(
            agent: "raw/1", frameBytesMax: 1 << 20, messageBytesMax: 1 << 22, callsMax: 0, callCredit: nil,
            connectionCredit: nil)
        return hello.encoded().withUnsafeBytes { bytes in frame { $0.hello = bytes } }
    }

    /// A unary call in one frame.
    package static func call(_ id: UInt64, _ method: String, payload: [UInt8] = []) -> [UInt8] {
        let start = Array(method.utf8).withUnsafeBytes { bytes in
            var view = StartView()
            view.method = bytes
            return view.encoded()
        }
        return start.withUnsafeBytes { start in
            payload.withUnsafeBytes { payload in
                frame {
                    $0.callID = id
                    $0.start = start
                    $0.payload = payload
                    $0.end = true
                }
            }
        }
    }

    /// How a call ended: nil when the server closed before, an error without code for OK.
    package func status(of call: UInt64) async -> RPCError? {
        let all = await frames { frames in frames.contains { Self.status($0, of: call) != nil } }
        return all.lazy.compactMap { Self.status($0, of: call) }.first
    }

    /// Why the server ends the connection: the status of its go-away. Returns when it has closed.
    package func leaveTaking() async -> RPCError? {
        for frame in await frames({ _ in false }) {
            let error = frame.withUnsafeBytes { bytes -> RPCError? in
                guard let frame = try? FrameView(parsing: bytes), let goAway = frame.goAway else { return nil }
                return (try? GoAway(parsing: goAway))?.error
            }
            if let error { return error }
        }
        return nil
    }

    package func close() async {
        connection.loop.execute { [connection] in connection.abort() }
        _ = await frames { _ in false }
        loops.shutdown()
    }

    /// The frames that came until they fulfil the condition, or the server has closed.
    private func frames(_ until: @escaping @Sendable ([[UInt8]]) -> Bool) async -> [[UInt8]] {
        await withCheckedContinuation { continuation in
            connection.loop.execute {
                self.waiting = (until, continuation)
                self.deliver()
            }
        }
    }

    private func deliver() {
        guard let (until, continuation) = waiting, isClosed || until(frames) else { return }
        waiting = nil
        continuation.resume(returning: frames)
    }

    private static func status(_ bytes: [UInt8], of call: UInt64) -> RPCError? {
        bytes.withUnsafeBytes { bytes in
            guard let frame = try? FrameView(parsing: bytes), frame.callID == call, let status = frame.status else {
                return nil
            }
            let error = (try? CallStatus(parsing: status))?.error
            return error ?? RPCError(.ok, reason: "", domain: "", "")
        }
    }

    package func didReceive(_ connection: TLSConnection) {
        while let body = try? decoder.next(connection.input) { frames.append(Array(body)) }
        deliver()
    }

    package func didBecomeWritable(_ connection: TLSConnection) {}

    package func didClose(_ connection: TLSConnection, error: TLSError?) {
        isClosed = true
        deliver()
    }
}
