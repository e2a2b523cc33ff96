import RPC
import RPCTransport
import Reactor
import TLSTransport
import Wire

/// A peer that sends whatever bytes a test wants, and records what comes back until the server closes.
// Confined to its loop.
final class RawPeer: TLSConnectionDelegate, @unchecked Sendable {
    private let connection: TLSConnection
    private var decoder = FrameDecoder(frameBytesMax: 1 << 24)
    private var frames: [[UInt8]] = []
    private var wanted: (isEnough: ([[UInt8]]) -> Bool, CheckedContinuation<[[UInt8]], Never>)?
    private var hasClosed = false

    private init(_ connection: TLSConnection) {
        self.connection = connection
    }

    static func connect(_ world: World) async throws -> RawPeer {
        let loop = world.loops.loops[0]
        let tls = try await TLSConnection.connect(
            loop: loop, address: world.address,
            context: try TLSContext.client(world.certificates.settings(nil, verify: .required)),
            serverName: "customer.steward.internal")
        return await withCheckedContinuation { continuation in
            loop.execute {
                let peer = RawPeer(tls)
                tls.delegate = peer
                continuation.resume(returning: peer)
            }
        }
    }

    /// Sends the bytes as they are.
    func send(_ bytes: [UInt8]) {
        connection.loop.execute { [connection] in
            connection.output.append(bytes)
            connection.scheduleFlush()
        }
    }

    /// Sends frames.
    func send(_ frames: FrameBytes...) { send(frames.flatMap(\.bytes)) }

    /// All frames that came until there are so many or the server has closed.
    func frames(_ count: Int = .max) async -> [[UInt8]] { await frames { $0.count >= count } }

    private func frames(until isEnough: @escaping @Sendable ([[UInt8]]) -> Bool) async -> [[UInt8]] {
        await withCheckedContinuation { continuation in
            connection.loop.execute {
                self.wanted = (isEnough, continuation)
                self.deliver()
            }
        }
    }

    /// The reasons with which calls ended (OK for none), once the call with this id has; or when the server has closed.
    func reasons(until id: UInt64) async -> [UInt64: String] {
        await statuses(until: id).mapValues { $0.error?.reason ?? "OK" }
    }

    /// The same once so many calls have ended.
    func reasons(count: Int) async -> [UInt64: String] {
        Self.statuses(await frames { Self.statuses($0).count >= count }).mapValues { $0.error?.reason ?? "OK" }
    }

    /// The same of those that have ended by now.
    func reasonsSoFar() async -> [UInt64: String] { await reasons(count: 0) }

    /// What calls were told of their budget.
    func budgets(until id: UInt64) async -> [UInt64: Budget] { await statuses(until: id).compactMapValues(\.budget) }

    private func statuses(until id: UInt64) async -> [UInt64: CallStatus] {
        Self.statuses(await frames { Self.statuses($0)[id] != nil })
    }

    private static func statuses(_ frames: [[UInt8]]) -> [UInt64: CallStatus] {
        var statuses: [UInt64: CallStatus] = [:]
        for bytes in frames {
            bytes.withUnsafeBytes { bytes in
                guard let frame = try? FrameView(parsing: bytes), let status = frame.status else { return }
                statuses[frame.callID] = try? CallStatus(parsing: status)
            }
        }
        return statuses
    }

    /// The status of the go-away with which the server ends the connection.
    func goAway() async -> RPCError? {
        for bytes in await frames() {
            let error = bytes.withUnsafeBytes { bytes -> RPCError? in
                guard let frame = try? FrameView(parsing: bytes), let goAway = frame.goAway else {
                    return nil
                }
                return try? GoAway(parsing: goAway).error
            }
            if let error { return error }
        }
        return nil
    }

    /// The reason of the server's go-away, or OK when it answers this ping first.
    func outcome(ofPing token: UInt64) async -> String {
        let told = { @Sendable (bytes: [UInt8]) -> String? in
            bytes.withUnsafeBytes { bytes in
                (try? FrameView(parsing: bytes)).flatMap { PeerOutcome.of($0, ping: token) }
            }
        }
        return await frames { $0.contains { told($0) != nil } }.lazy.compactMap(told).first ?? "closed"
    }

    private func deliver() {
        guard let (isEnough, continuation) = wanted, hasClosed || isEnough(frames) else { return }
        wanted = nil
        continuation.resume(returning: frames)
    }

    func didReceive(_ connection: TLSConnection) {
        while let body = try? decoder.next(connection.input) { frames.append(Array(body)) }
        deliver()
    }

    func didBecomeWritable(_ connection: TLSConnection) {}

    func didClose(_ connection: TLSConnection, error: TLSError?) {
        hasClosed = true
        deliver()
    }

    /// Reads no more.
    func turnDeaf() { connection.loop.execute { [connection] in connection.pauseReading() } }

    func close() { connection.loop.execute { [connection] in connection.close() } }
}

/// Frames for tests.
struct FrameBytes {
    var bytes: [UInt8]

    init(_ build: (inout FrameView) -> Void) {
        var frame = FrameView()
        build(&frame)
        let buffer = ByteBuffer()
        frame.append(to: buffer)
        bytes = buffer.copy()
    }

    static func hello(_ change: (inout Hello) -> Void = { _ in }) -> FrameBytes {
        var hello = Hello(
            agent: "raw/1", frameBytesMax: 1 << 20, messageBytesMax: 1 << 22, callsMax: 0, callCredit: nil,
            connectionCredit: nil)
        change(&hello)
        return hello.encoded().withUnsafeBytes { bytes in FrameBytes { $0.hello = bytes } }
    }

    static func call(
        _ id: UInt64, _ method: String? = nil, payload: [UInt8]? = nil, end: Bool = false, more: Bool = false,
        _ change: (inout StartView) -> Void = { _ in }
    ) -> FrameBytes {
        let start = method.map { method in
            Array(method.utf8).withUnsafeBytes { bytes in
                var view = StartView()
                view.method = bytes
                change(&view)
                return view.encoded()
            }
        }
        return (start ?? []).withUnsafeBytes { startBytes in
            (payload ?? []).withUnsafeBytes { payloadBytes in
                FrameBytes {
                    $0.callID = id
                    if start != nil { $0.start = startBytes }
                    if payload != nil { $0.payload = payloadBytes }
                    $0.end = end
                    $0.more = more
                }
            }
        }
    }

    static func ping(_ token: UInt64) -> FrameBytes {
        Ping(token: token, isAnswer: false).encoded().withUnsafeBytes { bytes in
            FrameBytes { $0.ping = bytes }
        }
    }

    static func cancel(_ id: UInt64) -> FrameBytes {
        Cancel.encoded(reason: "test").withUnsafeBytes { bytes in
            FrameBytes {
                $0.callID = id
                $0.cancel = bytes
            }
        }
    }
}
