import RPC
import RPCTransport
import Reactor
import Testing
import Wire

/// A connection between programs carries the calls of many users: whatever one of them sends or asks for, the others' calls go on.
@Suite struct SharedConnectionTests {
    private static let echo = "test.v1.NoteService/EchoNote"

    /// A start that fits into a frame as it came, and no longer with what a relay adds.
    @Test func aStartThatIsTooLongFailsItsCallOnly() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let victim = Task { try await client.call(NoteMethods.wait, Note("a"), CallOptions(), as: Note.self) }
        await relayed.inner.gate.wait(for: "begun")
        let attacker = try await RawPeer.connect(relayed.outer)
        let trace = [UInt8](repeating: UInt8(ascii: "x"), count: 1_048_400)
        attacker.send(FrameBytes.hello())
        trace.withUnsafeBytes { trace in
            attacker.send(
                FrameBytes.call(1, Self.echo, payload: Note("a").encoded(), end: true) { $0.traceParent = trace })
        }
        #expect(await attacker.reasons(until: 1) == [1: "START_TOO_LONG"])
        let _: Note = try await client.call(NoteMethods.echo, Note("b"), CallOptions())
        #expect(await relayed.inner.gate.count(of: "cancelled") == 0)
        victim.cancel()
        _ = await victim.result
        attacker.close()
        await relayed.close(client)
    }

    @Test func aStatusThatIsTooLongIsCut() async throws {
        var router = NoteHandlers.router(Gate())
        router.unary(NoteMethods.unknown) { _, _ in
            let text = String(repeating: "ü", count: 1_000_000)
            throw RPCError.invalidArgument("HUGE", text, field: text, details: [(key: "text", value: text)])
        }
        let relayed = try await Relayed(innerRouter: router)
        let client = try relayed.outer.client()
        let watch = try await client.serverStream(NoteMethods.watch, Note("a"), CallOptions(), as: Note.self)
        #expect(try await watch.next()?.key == "first")
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.unknown, Note("a"), CallOptions())
        }
        #expect(error?.reason == "HUGE")
        #expect(error?.code == .invalidArgument)
        let rest = Task { try await watch.next() }
        let _: Note = try await client.call(NoteMethods.echo, Note("b"), CallOptions())
        rest.cancel()
        let end = await #expect(throws: RPCError.self) { _ = try await rest.value }
        #expect(end?.code == .cancelled)
        await relayed.close(client)
    }

    /// A peer that takes frames of 16 KiB gets none that is longer.
    @Test func aStatusFitsTheFramesOfItsReceiver() async throws {
        var router = NoteHandlers.router(Gate())
        router.unary(NoteMethods.unknown) { _, _ in
            let text = String(repeating: "x", count: 900)
            throw RPCError.invalidArgument(
                (0..<60).map { FieldViolation(field: "f\($0)", reason: "TOO_LONG", description: text) })
        }
        let world = try await World(router: router)
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello { $0.frameBytesMax = 16_384 })
        peer.send(FrameBytes.call(1, "test.v1.NoteService/UnknownNote", end: true))
        #expect(await peer.reasons(until: 1) == [1: "TOO_LONG"])
        #expect(await peer.frames(2).allSatisfy { $0.count <= 16_384 })
        peer.close()
        await world.close()
    }

    /// The credit of the connection is used up, then a call with a request begins, then one without.
    @Test func startsDoNotOvertakeEachOther() async throws {
        let (world, client, blocker) = try await Self.withoutCredit()
        let first = RawOutcome()
        let second = RawOutcome()
        await Self.onLoop(world) {
            Self.start(client, payload: Note("a").encoded(), first)
            Self.start(client, payload: nil, second)
        }
        await world.gate.signal("go")
        #expect(await second.reason == "OK")
        #expect(await first.reason == "OK")
        #expect(try await blocker.finish() == Note("2", "5000"))
        await world.close(client)
    }

    @Test func aCallThatWasNotSentIsNotCancelledThere() async throws {
        let (world, client, blocker) = try await Self.withoutCredit()
        let outcome = RawOutcome()
        await Self.onLoop(world) { Self.start(client, payload: Note("a").encoded(), outcome)?.cancel() }
        #expect(await outcome.reason == "CANCELLED")
        await world.gate.signal("go")
        #expect(try await blocker.finish() == Note("2", "5000"))
        await world.close(client)
    }

    /// It can be made again elsewhere, and what is under way is finished.
    @Test func aCallThatWasNotSentIsNotBegunOnAConnectionThatTakesLeave() async throws {
        let (world, client, blocker) = try await Self.withoutCredit()
        let outcome = RawOutcome()
        await Self.onLoop(world) { Self.start(client, payload: Note("a").encoded(), outcome) }
        let drain = Task { await world.server.drain(within: .seconds(20)) }
        #expect(await outcome.reason == "NOT_BEGUN")
        await world.gate.signal("go")
        #expect(try await blocker.finish() == Note("2", "5000"))
        await drain.value
        await world.close(client)
    }

    /// A client may send nothing more on its connection until `go` is signalled.
    private static func withoutCredit() async throws -> (World, RPCClient, RequestStream<Note, Note>) {
        var limits = ServerLimits()
        limits.link.connectionCredit = 1_024
        limits.link.unreadBytesMax = 1
        let world = try await World(limits: limits)
        let client = try world.client()
        let _: Note = try await client.call(NoteMethods.echo, Note("warm"), CallOptions())
        let blocker: RequestStream<Note, Note> = try await client.clientStream(NoteMethods.join, CallOptions())
        try await blocker.send(Note("wait"))
        try await blocker.send(Note("more", String(repeating: "x", count: 5_000)))
        return (world, client, blocker)
    }

    private static func onLoop(_ world: World, _ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            world.loops.loops[0].execute {
                body()
                continuation.resume()
            }
        }
    }

    @discardableResult private static func start(
        _ client: RPCClient, payload: [UInt8]?, _ outcome: RawOutcome
    ) -> OutboundCall? {
        var call: OutboundCall?
        Array(echo.utf8).withUnsafeBytes { method in
            (payload ?? []).withUnsafeBytes { bytes in
                var start = StartView()
                start.method = method
                var frame = FrameView()
                if payload != nil { frame.payload = bytes }
                frame.end = true
                call = client.startRaw(start: start, first: frame, deadline: .never, receiver: outcome)
            }
        }
        return call
    }

    /// Cancels are many where the calls of many clients come on one connection, and nobody's fault.
    @Test func programsMayCancelAsOftenAsTheirClientsDo() async throws {
        let world = try await World(limits: .forPrograms)
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        peer.send(
            (1...21_000 as ClosedRange<UInt64>).flatMap {
                FrameBytes.call($0, Self.echo).bytes + FrameBytes.cancel($0).bytes
            })
        peer.send(FrameBytes.call(21_001, Self.echo, end: true))
        #expect(await peer.reasons(until: 21_001) == [21_001: "OK"])
        peer.close()
        await world.close()
    }
}

/// How a raw call ended: OK or the reason.
// SAFETY: the stream may be used from anywhere.
final class RawOutcome: CallReceiver {
    private let stream: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var reason: String? { get async { await stream.first { _ in true } } }

    func receive(_ frame: FrameView, on call: FrameCall) {
        if let payload = frame.payload { call.release(PayloadCost.of(payload.count)) }
        guard let status = frame.status else { return }
        continuation.yield((try? CallStatus(parsing: status)).map { $0.error?.reason ?? "OK" } ?? "MALFORMED")
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) { continuation.yield(error.reason) }
}
