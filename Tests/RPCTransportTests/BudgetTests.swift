import RPC
import RPCTransport
import Testing
import Wire

/// What one connection can make a server keep is bounded, and what is too much costs a call, not the connection.
@Suite struct BudgetTests {
    private static let echo = "test.v1.NoteService/EchoNote"
    private static let join = "test.v1.NoteService/JoinNotes"
    private static let wait = "test.v1.NoteService/WaitNote"

    /// Pieces of messages that never end.
    @Test(arguments: [echo, join]) func unfinishedMessagesAreBounded(_ method: String) async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        let piece = [UInt8](repeating: 0, count: 1_000_000)
        peer.send(FrameBytes.hello())
        for id in 1...10 as ClosedRange<UInt64> {
            peer.send(FrameBytes.call(id, method, payload: piece, more: true))
        }
        peer.send(FrameBytes.call(11, Self.echo, end: true))
        let reasons = await peer.reasons(until: 11)
        #expect(reasons == [9: "TOO_MUCH_UNFINISHED", 10: "TOO_MUCH_UNFINISHED", 11: "OK"])
        // What is given up makes room.
        peer.send(FrameBytes.cancel(1), FrameBytes.call(12, Self.echo, payload: [], more: true))
        peer.send(FrameBytes.call(12, payload: Note("a").encoded(), end: true))
        #expect(await peer.reasons(until: 12)[12] == "OK")
        peer.close()
        await world.close()
    }

    /// Whatever the caller's timeout, and the rest of its calls go on.
    @Test func aRequestThatDoesNotComeWholeIsGivenUp() async throws {
        var limits = ServerLimits()
        limits.requestTimeout = .milliseconds(100)
        let world = try await World(limits: limits)
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        peer.send(FrameBytes.call(1, Self.echo, payload: [0], more: true) { $0.timeoutMillis = 86_400_000 })
        peer.send(FrameBytes.call(2, Self.echo) { $0.timeoutMillis = 86_400_000 })
        peer.send(FrameBytes.call(3, Self.wait, end: true))
        peer.send(FrameBytes.call(4, Self.join))
        #expect(await peer.reasons(until: 2)[2] == "REQUEST_TOO_SLOW")
        #expect(await peer.reasons(until: 1) == [1: "REQUEST_TOO_SLOW", 2: "REQUEST_TOO_SLOW"])
        peer.send(FrameBytes.call(5, Self.echo, end: true), FrameBytes.call(4, end: true))
        #expect(await peer.reasons(until: 4)[4] == "OK")
        #expect(await peer.reasons(until: 5)[5] == "OK")
        peer.close()
        await world.close()
    }

    /// Anybody may ask for them; what is left lying is bounded well below what a user may have.
    @Test func answersOfTheProtocolThatNobodyTakesAreFew() async throws {
        var router = Router()
        let health = Self.health
        router.unary(health) { request, _ in request }
        let world = try await World(router: router)
        let peer = try await RawPeer.connect(world)
        peer.send(
            FrameBytes.hello {
                $0.frameBytesMax = 16_384
                $0.callCredit = 1
                $0.connectionCredit = UInt32.max
            })
        let note = Note("a", String(repeating: "x", count: 60_000)).encoded()
        for id in 1...40 as ClosedRange<UInt64> {
            peer.send(FrameBytes.call(id, health.path, payload: note, end: true))
        }
        peer.send(FrameBytes.call(41, health.path, payload: Note("b").encoded(), end: true))
        let reasons = await peer.reasons(until: 41)
        #expect(reasons[40] == "ANSWER_NOT_TAKEN" && reasons[41] == "OK")
        #expect((10...30).contains(reasons.count))
        peer.close()
        await world.close()
    }

    /// Answers that nobody takes are bounded over all connections too: whoever has most gives up.
    @Test func answersThatNobodyTakesAreBoundedOverAllConnections() async throws {
        var limits = ServerLimits()
        limits.unsentBytesOfAllMax = 1 << 20
        let world = try await World(limits: limits)
        let (modest, greedy) = (try await RawPeer.connect(world), try await RawPeer.connect(world))
        let hello = FrameBytes.hello {
            $0.callCredit = 1
            $0.connectionCredit = 1
        }
        let note = Note("a", String(repeating: "x", count: 100_000)).encoded()
        modest.send(hello, FrameBytes.call(1, Self.echo, payload: Note("b").encoded(), end: true))
        modest.send(FrameBytes.call(2, Self.echo, payload: note, end: true))
        greedy.send(hello)
        for id in 1...20 as ClosedRange<UInt64> {
            greedy.send(FrameBytes.call(id, Self.echo, payload: note, end: true))
        }
        #expect(await modest.reasons(until: 1) == [1: "OK"])
        // One uses up the credit, and nine fit beside the answer that the modest one waits for.
        let reasons = await greedy.reasons(count: 11).values
        #expect(reasons.filter { $0 == "ANSWER_NOT_TAKEN" }.count == 10)
        let credit = UInt32(1 << 20)
        modest.send(FrameBytes { $0.credit = credit })
        modest.send(FrameBytes { ($0.callID, $0.credit) = (2, credit) })
        #expect(await modest.reasons(until: 2) == [1: "OK", 2: "OK"])
        greedy.close()
        modest.close()
        await world.close()
    }

    private static let health = MethodDefinition(
        path: "steward.rpc.v1.HealthService/CheckHealth", request: Note.descriptor, response: Note.descriptor,
        kind: .unary)

    /// Anybody may call them, so that they take little and do not last.
    @Test func methodsOfTheProtocolTakeShortRequests() async throws {
        var router = Router()
        let health = Self.health
        let gate = Gate()
        router.unary(health) { request, context in
            if Note(request).key == "wait" {
                #expect(context.deadline.remaining < .seconds(31))
                await gate.signal("begun")
            }
            return request
        }
        let world = try await World(router: router)
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        let long = Note("a", String(repeating: "x", count: 70_000)).encoded()
        peer.send(FrameBytes.call(1, health.path, payload: long, end: true))
        peer.send(
            FrameBytes.call(2, health.path, payload: Note("wait").encoded(), end: true) {
                $0.timeoutMillis = 86_400_000
            })
        #expect(await peer.reasons(until: 2) == [1: "MESSAGE_TOO_LONG", 2: "OK"])
        #expect(await gate.count(of: "begun") == 1)
        peer.close()
        await world.close()
    }

    @Test func anAnswerLongerThanThePeerTakesIsRefused() async throws {
        let world = try await World()
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello { $0.messageBytesMax = 65_536 })
        let note = Note("a", String(repeating: "x", count: 100_000)).encoded()
        peer.send(FrameBytes.call(1, Self.echo, payload: note, end: true))
        peer.send(FrameBytes.call(2, Self.echo, end: true))
        #expect(await peer.reasons(until: 2) == [1: "ANSWER_TOO_LARGE", 2: "OK"])
        peer.close()
        await world.close()
    }

    @Test func aRelayedAnswerLongerThanTheClientTakesIsRefused() async throws {
        let relayed = try await Relayed()
        let peer = try await RawPeer.connect(relayed.outer)
        peer.send(FrameBytes.hello { $0.messageBytesMax = 65_536 })
        let note = Note("a", String(repeating: "x", count: 100_000)).encoded()
        peer.send(FrameBytes.call(1, Self.echo, payload: note, end: true))
        #expect(await peer.reasons(until: 1) == [1: "ANSWER_TOO_LARGE"])
        peer.send(FrameBytes.call(2, Self.echo, payload: Note("b").encoded(), end: true))
        #expect(await peer.reasons(until: 2)[2] == "OK")
        peer.close()
        await relayed.inward.close()
        await relayed.outer.close()
        await relayed.inner.close()
    }

    /// Answers that their caller does not take: the longest are given up, the connection and the other calls go on.
    @Test func aBacklogCostsItsCallsOnly() async throws {
        var limits = ServerLimits()
        limits.link.unsentBytesMax = 1 << 20
        let world = try await World(limits: limits)
        let peer = try await RawPeer.connect(world)
        peer.send(
            FrameBytes.hello {
                $0.frameBytesMax = 16_384
                $0.callCredit = 1
                $0.connectionCredit = UInt32.max
            })
        let note = Note("a", String(repeating: "x", count: 250_000)).encoded()
        for id in 1...8 as ClosedRange<UInt64> { peer.send(FrameBytes.call(id, Self.echo, payload: note, end: true)) }
        peer.send(FrameBytes.call(9, Self.echo, payload: Note("b").encoded(), end: true))
        let reasons = await peer.reasons(until: 9)
        #expect(reasons[9] == "OK")
        peer.send(FrameBytes.call(10, Self.echo, payload: Note("c").encoded(), end: true))
        let later = await peer.reasons(until: 10)
        #expect(later[10] == "OK")
        let givenUp = later.filter { $0.key < 9 }
        #expect((1...7).contains(givenUp.count) && givenUp.values.allSatisfy { $0 == "ANSWER_NOT_TAKEN" })
        peer.close()
        await world.close()
    }

    /// Versions to come may be longer, but not by that much.
    @Test func aLongTraceParentIsIgnored() async throws {
        let seen = Mutexed<[String]>([])
        let world = try await World(
            interceptors: [Recorder { context, _ in seen.update { $0.append(context.trace.traceIDText) } }])
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        let trace = "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-"
        for (id, length) in [(1, 10), (2, 1_000)] as [(UInt64, Int)] {
            Array((trace + String(repeating: "x", count: length)).utf8).withUnsafeBytes { bytes in
                peer.send(FrameBytes.call(id, Self.echo, end: true) { $0.traceParent = bytes })
            }
        }
        _ = await peer.reasons(until: 2)
        #expect(seen.value.map { $0 == "4bf92f3577b34da6a3ce929d0e0e4736" } == [true, false])
        peer.close()
        await world.close()
    }
}
