import CEnvelope
import Credentials
import Foundation
import Logging
import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport
import Wire

/// A server with a method of each kind, and a client that sends any bytes. Lives as long as the process.
final class FuzzServer: Sendable {
    private let loops: EventLoopGroup
    private let server: RPCServer
    private let address: SocketAddress
    private let context: TLSContext
    /// Connections and handlers that the server has.
    private let busy: BusyCount

    init() {
        do {
            let folder = try Self.makeCertificates()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let busy = BusyCount()
            self.busy = busy
            loops = try EventLoopGroup(count: 1, name: "fuzz")
            var limits = ServerLimits()
            // The chains of a fuzzed conversation must not end in waiting.
            limits.link.helloTimeout = .seconds(5)
            server = RPCServer(
                loops: loops, address: try SocketAddress("127.0.0.1:0"),
                tls: try TLSContext.server(
                    TLSSettings(
                        certificateChain: "\(folder)/server.crt", privateKey: "\(folder)/server.key",
                        trustRoots: "\(folder)/ca.crt", verifyPeer: .none)),
                router: Self.router(busy), interceptors: [], peers: .anyone, limits: limits, agent: "fuzz/1",
                logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, observer: busy)
            context = try TLSContext.client(TLSSettings(trustRoots: "\(folder)/ca.crt", verifyPeer: .required))
            address = try Self.wait(on: loops.loops[0]) { [server] in
                try await server.start()
                guard let address = server.localAddress else { preconditionFailure("a started server has an address") }
                return address
            }
        } catch {
            fatalError("the server to be fuzzed does not start: \(error)")
        }
    }

    /// Whether nothing of earlier connections is left, now or within so many seconds.
    func settles(within seconds: Double) -> Bool { busy.becomesZero(within: seconds) }

    /// Opens a connection, sends the bytes, says that there are no more, and waits until the server has closed.
    func converse(_ bytes: [UInt8]) {
        do {
            let loop = loops.loops[0]
            try Self.wait(on: loop) { [self] in
                let connection = try await TLSConnection.connect(
                    loop: loop, address: address, context: context, serverName: "server.steward.internal")
                await withCheckedContinuation { continuation in
                    loop.execute {
                        connection.delegate = Sender { continuation.resume() }
                        connection.output.append(bytes)
                        connection.scheduleFlush()
                        connection.close()
                    }
                }
            }
        } catch {
            fatalError("no connection to the server to be fuzzed: \(error)")
        }
    }

    /// Runs a task on the loop to its end, on a thread that is no loop. Not on the threads of Swift's own pool: a test that waits
    /// here holds one of those.
    private static func wait<Value: Sendable>(
        on loop: EventLoop, _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let done = DispatchSemaphore(value: 0)
        let outcome = Outcome<Value>()
        loop.spawn {
            do {
                let value = try await body()
                outcome.result.withLock { $0 = .success(value) }
            } catch {
                outcome.result.withLock { $0 = .failure(error) }
            }
            done.signal()
        }
        done.wait()
        guard let result = outcome.result.withLock({ $0 }) else {
            preconditionFailure("a task that ended has an outcome")
        }
        return try result.get()
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>?>(nil)
    }

    private static func makeCertificates() throws -> String {
        let folder = NSTemporaryDirectory() + "steward-fuzz-\(getpid())"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let authority = try Certificates.makeAuthority(commonName: "fuzz authority")
        let leaf = try Certificates.issue(
            LeafRequest(commonName: "server", dnsNames: ["server.steward.internal"]), by: authority)
        try leaf.write(certificatePath: "\(folder)/server.crt", keyPath: "\(folder)/server.key")
        try PrivateFile.write(Array(authority.certificatePEM.utf8), to: "\(folder)/ca.crt")
        return folder
    }
}

// MARK: Methods

extension FuzzServer {
    private static let note = MessageDescriptor(steward_rpc_v1_detail_descriptor())
    /// Answers of a stream.
    private static let answerCount = 20
    /// Longer than a fuzzed conversation: only the end of the connection ends it.
    private static let handlerWait: Duration = .seconds(3_600)

    private static func method(_ name: String, _ kind: MethodDefinition.Kind) -> MethodDefinition {
        MethodDefinition(path: "f.v1.S/\(name)", request: note, response: note, kind: kind)
    }

    /// Short names, so that a fuzzer finds them.
    private static func router(_ busy: BusyCount) -> Router {
        var router = Router()
        router.unary(method("Echo", .unary)) { request, _ in request }
        router.unary(method("Wait", .unary)) { request, _ in
            busy.add(1)
            defer { busy.add(-1) }
            if let loop = EventLoop.current { try await loop.sleep(for: handlerWait) }
            return request
        }
        router.serverStreaming(method("Many", .serverStreaming)) { request, writer, _ in
            busy.add(1)
            defer { busy.add(-1) }
            for _ in 0..<answerCount { try await writer.write(request) }
        }
        router.clientStreaming(method("Join", .clientStreaming)) { reader, context in
            busy.add(1)
            defer { busy.add(-1) }
            while try await reader.next() != nil {}
            return Message.make(note, in: context.arena)
        }
        router.bidirectional(method("Chat", .bidirectional)) { reader, writer, _ in
            busy.add(1)
            defer { busy.add(-1) }
            while let message = try await reader.next() { try await writer.write(message) }
        }
        return router
    }
}

/// Counts what a server has to be done with.
private final class BusyCount: TransportObserver {
    private let condition = NSCondition()
    private let count = Mutex(0)

    func add(_ delta: Int) {
        condition.lock()
        defer { condition.unlock() }
        if count.withLock({
            $0 += delta; return $0
        }) == 0 {
            condition.broadcast()
        }
    }

    func becomesZero(within seconds: Double) -> Bool {
        let end = Date(timeIntervalSinceNow: seconds)
        condition.lock()
        defer { condition.unlock() }
        while count.withLock({ $0 }) != 0 {
            guard condition.wait(until: end) else { return false }
        }
        return true
    }

    func connectionOpened(isResumed: Bool) { add(1) }
    func connectionClosed() { add(-1) }
    func handshakeFailed() {}
    func callRefused(reason: String) {}
    func callsQueued(by change: Int) {}
    func callWaited(nanoseconds: UInt64) {}
    func protocolError(reason: String) {}
}

/// The client's end: hears only that the connection is closed.
private final class Sender: TLSConnectionDelegate {
    private var onClosed: (() -> Void)?

    init(onClosed: @escaping () -> Void) { self.onClosed = onClosed }

    func didReceive(_ connection: TLSConnection) { connection.input.consume(connection.input.readableCount) }
    func didBecomeWritable(_ connection: TLSConnection) {}

    func didClose(_ connection: TLSConnection, error: TLSError?) {
        onClosed?()
        onClosed = nil
    }
}
