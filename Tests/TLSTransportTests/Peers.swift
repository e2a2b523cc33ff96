import Glibc
import Reactor
import Synchronization
import Wire

@testable import TLSTransport

/// A delegate that keeps what it receives, and lets a task wait for it. Confined to the loop of its connection.
final class Recorder: TLSConnectionDelegate, @unchecked Sendable {  // SAFETY: confined to the loop
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false
    private(set) var closeError: TLSError?
    private(set) var becameWritableCount = 0
    private(set) var endCount = 0
    /// Called instead of closing when the peer ends its stream.
    var onEnd: ((TLSConnection) -> Void)?
    private var waiting: [(condition: (Recorder) -> Bool, continuation: CheckedContinuation<Void, Never>)] =
        []

    func didReceive(_ connection: TLSConnection) {
        received += connection.input.copy()
        connection.input.consume(connection.input.readableCount)
        wakeUp()
    }

    func didBecomeWritable(_ connection: TLSConnection) {
        becameWritableCount += 1
        wakeUp()
    }

    func didReceiveEnd(_ connection: TLSConnection) {
        endCount += 1
        if let onEnd { onEnd(connection) } else { connection.close() }
    }

    func didClose(_ connection: TLSConnection, error: TLSError?) {
        isClosed = true
        closeError = error
        wakeUp()
    }

    /// Waits until `condition` holds; to be called on the loop.
    func wait(until condition: @escaping (Recorder) -> Bool) async {
        if condition(self) { return }
        await withCheckedContinuation { waiting.append((condition, $0)) }
    }

    private func wakeUp() {
        let ready = waiting.filter { $0.condition(self) }
        waiting.removeAll { $0.condition(self) }
        for entry in ready { entry.continuation.resume() }
    }
}

/// Sends back what it receives.
final class Echo: TLSConnectionDelegate {
    func didReceive(_ connection: TLSConnection) {
        connection.output.append(connection.input.readableBytes)
        connection.input.consume(connection.input.readableCount)
        connection.scheduleFlush()
        if !connection.isWritable { connection.pauseReading() }
    }

    func didBecomeWritable(_ connection: TLSConnection) { connection.resumeReading() }

    func didClose(_ connection: TLSConnection, error: TLSError?) {}
}

/// One loop, a listener on a free port of the loopback and the certificates for both sides.
struct Stage: Sendable {
    let loop: EventLoop
    let certificates: TestCertificates
    let listener: TLSListener
    let serverContext: TLSContext
    let accepted: Accepted

    /// Connections that the listener handed over, on the loop.
    final class Accepted: @unchecked Sendable {  // SAFETY: confined to the loop
        var connections: [TLSConnection] = []
        var failures: [TLSError] = []
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func changed() {
            let ready = waiting
            waiting = []
            for continuation in ready { continuation.resume() }
        }

        func wait(until condition: (Accepted) -> Bool) async {
            while !condition(self) { await withCheckedContinuation { waiting.append($0) } }
        }
    }

    /// Runs `body` on the loop of a stage whose server serves each connection with `serve`.
    static func run<Value: Sendable>(
        verifyClients: Bool = false, hasRevocations: Bool = false, limits: TLSLimits = TLSLimits(),
        serve: @escaping @Sendable (TLSConnection) -> any TLSConnectionDelegate = { _ in Echo() },
        _ body: @escaping @Sendable (Stage) async throws -> Value
    ) async throws -> Value {
        let certificates = try TestCertificates()
        try certificates.leaf("server")
        try certificates.leaf("client")
        if hasRevocations { try certificates.writeRevocations() }
        let context = try TLSContext.server(
            certificates.settings("server", verify: verifyClients ? .required : .none))
        let group = try EventLoopGroup(count: 1)
        let loop = group.loops[0]
        let accepted = Accepted()
        let listener = try TLSListener(
            loop: loop, address: SocketAddress("127.0.0.1:0"), context: context, limits: limits
        ) { connection in
            connection.delegate = serve(connection)
            accepted.connections.append(connection)
            accepted.changed()
        }
        let stage = Stage(
            loop: loop, certificates: certificates, listener: listener, serverContext: context,
            accepted: accepted)
        let result = await Task(executorPreference: loop) {
            listener.onHandshakeFailure = { _, error in
                accepted.failures.append(error)
                accepted.changed()
            }
            defer { stage.clear() }
            return try await body(stage)
        }.result
        group.shutdown()
        return try result.get()
    }

    private func clear() {
        listener.onHandshakeFailure = nil
        listener.stopAccepting()
        for connection in accepted.connections { connection.abort() }
    }

    func clientContext(_ name: String? = "client") throws -> TLSContext {
        try TLSContext.client(certificates.settings(name))
    }

    /// A client connection with a recorder as its delegate.
    func connect(
        _ context: TLSContext? = nil, serverName: String = "server.steward.internal",
        timeout: Duration? = nil,
        limits: TLSLimits = TLSLimits()
    ) async throws -> (TLSConnection, Recorder) {
        let connection = try await TLSConnection.connect(
            loop: loop, address: listener.localAddress, context: try context ?? clientContext(),
            serverName: serverName, timeout: timeout, limits: limits)
        let recorder = Recorder()
        connection.delegate = recorder
        return (connection, recorder)
    }
}

extension TLSConnection {
    func send(_ bytes: [UInt8]) {
        output.append(bytes)
        scheduleFlush()
    }
}

func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }
