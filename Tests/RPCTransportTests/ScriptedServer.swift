import RPC
import RPCTransport
import Reactor
import TLSTransport
import Wire

/// A server that says hello, and sends the bytes that it was given when the first call comes.
final class ScriptedServer: Sendable {
    private let listener: TLSListener
    private let outcomes = AsyncStream.makeStream(of: String.self)

    var address: SocketAddress { listener.localAddress }

    init(_ loop: EventLoop, _ certificates: TestCertificates, _ script: [UInt8]) throws {
        listener = try TLSListener(
            loop: loop, address: try SocketAddress("127.0.0.1:0"),
            context: try TLSContext.server(certificates.settings("customer", verify: .none))
        ) { [outcomes] connection in
            connection.output.append(FrameBytes.hello { $0.callsMax = 16 }.bytes)
            connection.scheduleFlush()
            connection.delegate = Session(script, outcomes.continuation)
        }
    }

    /// The reason of the go-away that the client sends, or OK when it answers a ping first.
    func outcome() async -> String { await outcomes.stream.first { _ in true } ?? "none" }

    func stop() { listener.loop.execute { [listener] in listener.stopAccepting() } }

    // Confined to the loop of its connection.
    private final class Session: TLSConnectionDelegate, @unchecked Sendable {
        private let script: [UInt8]
        private let outcome: AsyncStream<String>.Continuation
        private var decoder = FrameDecoder(frameBytesMax: 1 << 20)

        init(_ script: [UInt8], _ outcome: AsyncStream<String>.Continuation) {
            (self.script, self.outcome) = (script, outcome)
        }

        func didReceive(_ connection: TLSConnection) {
            while let body = try? decoder.next(connection.input) {
                guard let frame = try? FrameView(parsing: body) else { continue }
                if frame.start != nil {
                    connection.output.append(script)
                    connection.scheduleFlush()
                }
                if let told = PeerOutcome.of(frame, ping: 99) { outcome.yield(told) }
            }
        }

        func didBecomeWritable(_ connection: TLSConnection) {}
        func didClose(_ connection: TLSConnection, error: TLSError?) {}
    }
}

/// How the other side took what it got.
enum PeerOutcome {
    /// The reason of a go-away, OK for the answer to the ping, nil for anything else.
    static func of(_ frame: FrameView, ping token: UInt64) -> String? {
        if let goAway = frame.goAway { return try? GoAway(parsing: goAway).error?.reason }
        guard let ping = frame.ping.flatMap({ try? Ping(parsing: $0) }), ping.isAnswer, ping.token == token else {
            return nil
        }
        return "OK"
    }
}
