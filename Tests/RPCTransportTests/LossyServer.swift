import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport
import Wire

/// A server that takes calls and dies: it says hello, reads the start of a call, and drops the connection without a word.
final class LossyServer: Sendable {
    private let listener: TLSListener
    private let starts = Mutexed(0)

    /// Calls that were begun here.
    var startCount: Int { starts.value }
    var address: SocketAddress { listener.localAddress }

    init(_ loop: EventLoop, _ certificates: TestCertificates) throws {
        listener = try TLSListener(
            loop: loop, address: try SocketAddress("127.0.0.1:0"),
            context: try TLSContext.server(certificates.settings("customer", verify: .none))
        ) { [starts] connection in
            connection.output.append(FrameBytes.hello { $0.callsMax = 16 }.bytes)
            connection.scheduleFlush()
            connection.delegate = Session(starts)
        }
    }

    // Confined to the loop of its connection.
    private final class Session: TLSConnectionDelegate, @unchecked Sendable {
        private let starts: Mutexed<Int>
        private var decoder = FrameDecoder(frameBytesMax: 1 << 20)

        init(_ starts: Mutexed<Int>) { self.starts = starts }

        func didReceive(_ connection: TLSConnection) {
            while let body = try? decoder.next(connection.input) {
                guard let frame = try? FrameView(parsing: body), frame.start != nil else { continue }
                starts.update { $0 += 1 }
                return connection.abort()
            }
        }

        func didBecomeWritable(_ connection: TLSConnection) {}
        func didClose(_ connection: TLSConnection, error: TLSError?) {}
    }

    func stop() { listener.loop.execute { [listener] in listener.stopAccepting() } }
}
