import RPC
import RPCTransport
import Synchronization
import Testing
import Wire

/// Whoever makes a server answer by itself all the time is read no further for a while, however much he has under way.
@Suite struct AnswerPaceTests {
    private static let echo = "test.v1.NoteService/EchoNote"
    private static let chat = "test.v1.NoteService/ChatNotes"
    private static let notPassedOn = "test.v1.OtherService/Call"

    /// Lets some answers pass, then tells each connection to wait for so long.
    private static func pace(after free: Int, _ wait: Duration) -> AnswerPace {
        let count = Counter()
        return { _, _ in count.next() <= free ? 0 : UInt64(wait.components.seconds) * 1_000_000_000 }
    }

    /// A drain does not wait for the answers of those who are not read.
    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        limits.drainPingTimeout = .milliseconds(10)
        limits.ownAnswersAtOnce = 0
        return limits
    }()

    /// Somebody of the same workspace has made the line long; whoever asks for health now and then does not stand in it.
    @Test func whoAsksForLittleDoesNotWait() async throws {
        var limits = Self.limits
        limits.ownAnswersAtOnce = 5
        let world = try await World(limits: limits, fallback: Self.refuse, pace: Self.pace(after: 0, .seconds(600)))
        let (flooding, other) = (try await RawPeer.connect(world), try await RawPeer.connect(world))
        flooding.send(FrameBytes.hello())
        flood(flooding, Self.notPassedOn, 1...200)
        #expect(await flooding.reasons(count: 6).count == 6)
        other.send(FrameBytes.hello())
        flood(other, Self.echo, 1...4)
        other.send(FrameBytes.ping(9))
        #expect(await other.outcome(ofPing: 9) == "OK")
        #expect(await flooding.reasonsSoFar().count == 6)
        flooding.close()
        other.close()
        await world.close()
    }

    private static let refuse: RawHandler = { call, _ in
        call.turnAway(.resourceExhausted("BUDGET_EXHAUSTED", "", domain: "gateway"))
    }

    private func flood(_ peer: RawPeer, _ method: String, _ ids: ClosedRange<UInt64>, timeout: UInt64 = 0) {
        let calls = ids.map { FrameBytes.call($0, method, payload: [], end: true) { $0.timeoutMillis = timeout } }
        peer.send(calls.flatMap(\.bytes))
    }

    /// Refused by whoever passes calls on, by the server before that (no such method, a bad metadata key), or served by a handler.
    @Test(arguments: [notPassedOn, echo, String(repeating: "long", count: 100)])
    func callsInFlightWaitInTheSocket(_ method: String) async throws {
        let world = try await World(
            limits: Self.limits, fallback: Self.refuse, pace: Self.pace(after: 5, .seconds(600)))
        let (peer, other) = (try await RawPeer.connect(world), try await RawPeer.connect(world))
        peer.send(FrameBytes.hello())
        flood(peer, method, 1...200)
        let answered = await peer.reasons(count: 6)
        #expect(answered.keys.sorted() == [1, 2, 3, 4, 5, 6])
        // Frames of the connection are not handled, and others' are.
        flood(peer, method, 201...400)
        other.send(FrameBytes.hello(), FrameBytes.ping(9))
        #expect(await other.outcome(ofPing: 9) == "OK")
        #expect(await peer.reasonsSoFar().count == 6)
        other.close()
        peer.close()
        await world.close()
    }

    /// What the client is owed comes all the same.
    @Test func answersUnderWayAreWritten() async throws {
        let world = try await World(
            limits: Self.limits, fallback: Self.refuse, pace: Self.pace(after: 1, .seconds(600)))
        let peer = try await RawPeer.connect(world)
        peer.send(
            FrameBytes.hello(), FrameBytes.call(1, "test.v1.NoteService/WaitNote", end: true) { $0.timeoutMillis = 200 }
        )
        await world.gate.wait(for: "begun")
        flood(peer, Self.notPassedOn, 2...9)
        #expect(await peer.reasons(count: 2) == [1: "DEADLINE_EXCEEDED", 2: "BUDGET_EXHAUSTED"])
        peer.close()
        await world.close()
    }

    /// Nothing is lost: in the end every call has its answer, those that came in one read among them, and so has what came behind.
    @Test func allIsAnsweredInTheEnd() async throws {
        let world = try await World(limits: Self.limits, fallback: Self.refuse, pace: { _, _ in 100_000 })
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        flood(peer, Self.notPassedOn, 1...300)
        flood(peer, Self.echo, 301...600)
        peer.send(FrameBytes.ping(9))
        #expect(await peer.outcome(ofPing: 9) == "OK")
        let reasons = await peer.reasons(count: 600)
        #expect(reasons.values.count { $0 == "BUDGET_EXHAUSTED" } == 300)
        #expect(reasons.values.count { $0 == "OK" } == 300)
        peer.close()
        await world.close()
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
