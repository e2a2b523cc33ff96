import RPC
import RPCTransport
import Reactor
import Synchronization
import Testing
import Wire

@globalActor private actor Elsewhere {
    static let shared = Elsewhere()
}

/// Tasks serve calls one after the other; what happens to one call must not reach the next one of the same task.
@Suite struct WorkerTests {
    /// Counts what handlers see.
    private final class Seen: Sendable {
        let begun = Atomic<Int>(0)
        let cancelled = Atomic<Int>(0)
    }

    private func router(_ gate: Gate, _ seen: Seen) -> Router {
        var router = Router()
        router.unary(NoteMethods.echo) { request, _ in
            seen.begun.wrappingAdd(1, ordering: .relaxed)
            if Task.isCancelled { seen.cancelled.wrappingAdd(1, ordering: .relaxed) }
            return request
        }
        router.unary(NoteMethods.wait) { request, _ in
            await gate.signal("begun")
            try? await EventLoop.current!.sleep(for: .seconds(60))
            await gate.signal("cancelled")
            return request
        }
        return router
    }

    @Test func aCancelledCallLeavesNothingToTheNext() async throws {
        let (gate, seen) = (Gate(), Seen())
        let world = try await World(router: router(gate, seen))
        let client = try world.client()
        for round in 1...20 {
            let waiting = Task { try await client.call(NoteMethods.wait, Note("w"), CallOptions()) as Note }
            await gate.wait(for: "begun", count: round)
            waiting.cancel()
            await gate.wait(for: "cancelled", count: round)
            let answer: Note = try await client.call(NoteMethods.echo, Note("e"), CallOptions())
            #expect(answer.key == "e")
        }
        #expect(seen.begun.load(ordering: .relaxed) == 20)
        #expect(seen.cancelled.load(ordering: .relaxed) == 0)
        await world.close(client)
    }

    /// Handlers that wait hold up no others, however many came with them.
    @Test func waitingHandlersLetOthersPass() async throws {
        let (gate, seen) = (Gate(), Seen())
        let world = try await World(router: router(gate, seen))
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        let ids: [UInt64] = Array(1...200)
        peer.send(
            ids.flatMap {
                FrameBytes.call($0, "test.v1.NoteService/\($0 == 200 ? "EchoNote" : "WaitNote")", end: true).bytes
            })
        #expect(await peer.reasons(until: 200) == [200: "OK"])
        await gate.wait(for: "begun", count: 199)
        peer.send(ids.dropLast().flatMap { FrameBytes.cancel($0).bytes })
        await gate.wait(for: "cancelled", count: 199)
        peer.send(FrameBytes.call(201, "test.v1.NoteService/EchoNote", end: true))
        #expect(await peer.reasons(until: 201)[201] == "OK")
        #expect(seen.cancelled.load(ordering: .relaxed) == 0)
        await world.close()
    }

    /// Keeps how long calls ran on the loop.
    private final class LoopTimes: Interceptor {
        let all = Mutex<[UInt64]>([])

        func finish(_ context: CallContext, _ outcome: CallOutcome) {
            all.withLock { $0.append(context.loopNanoseconds) }
        }
    }

    /// A call is told how long its own code ran, not what it waited for nor what another call of the same task did, refused or not.
    @Test func aCallKnowsHowLongItRan() async throws {
        @Sendable func compute(milliseconds: UInt64) {
            let end = MonotonicTime.now() + milliseconds * 1_000_000
            while MonotonicTime.now() < end {}
        }
        var router = Router()
        router.unary(NoteMethods.wait) { request, _ in
            compute(milliseconds: 500)
            try? await EventLoop.current!.sleep(for: .milliseconds(500))
            compute(milliseconds: 100)
            return request
        }
        router.unary(NoteMethods.fail) { _, _ in
            compute(milliseconds: 3)
            throw RPCError.invalidArgument("ORDER_INVALID", "")
        }
        for accounts in [true, false] {
            let times = LoopTimes()
            let world = try await World(interceptors: [times], router: router, accountsWork: accounts)
            let client = try world.client()
            _ = try await client.call(NoteMethods.wait, Note("w"), CallOptions()) as Note
            await #expect(throws: RPCError.self) {
                _ = try await client.call(NoteMethods.fail, Note("f"), CallOptions()) as Note
            }
            let seen = times.all.withLock { $0.map { $0 / 1_000_000 } }
            if accounts {
                #expect((600..<1_000).contains(seen[0]) && (3..<500).contains(seen[1]), "\(seen)")
            } else {
                #expect(seen == [0, 0])
            }
            await world.close(client)
        }
    }

    /// Who sends many calls that take long holds up another by few of them.
    @Test func connectionsTakeTurns() async throws {
        let order = Mutex<[String]>([])
        let onFirst = Mutex<(@Sendable () -> Void)?>(nil)
        var router = Router()
        router.unary(NoteMethods.echo) { request, _ in
            onFirst.withLock { $0.take() }?()
            order.withLock { $0.append(Note(request).key) }
            let end = MonotonicTime.now() + 2_000_000
            while MonotonicTime.now() < end {}
            return request
        }
        let world = try await World(router: router)
        let (many, one) = (try await RawPeer.connect(world), try await RawPeer.connect(world))
        let path = "test.v1.NoteService/EchoNote"
        one.send(FrameBytes.hello())
        onFirst.withLock { hook in
            hook = { one.send(FrameBytes.call(1, path, payload: Note("one").encoded(), end: true)) }
        }
        many.send(FrameBytes.hello())
        many.send((1...100).flatMap { FrameBytes.call($0, path, payload: Note("many").encoded(), end: true).bytes })
        #expect(await one.reasons(until: 1) == [1: "OK"])
        #expect(await many.reasons(until: 100).count == 100)
        let place = try #require(order.withLock { $0.firstIndex(of: "one") })
        #expect(place < 20)
        await world.close()
    }

    /// Who asks for much at once gets all of it, as fast as he reads.
    @Test func manyLargeAnswersAreServedAsTheyAreTaken() async throws {
        var router = Router()
        let big = String(repeating: "x", count: 500_000)
        let health = MethodDefinition(
            path: "steward.rpc.v1.HealthService/CheckHealth", request: Note.descriptor, response: Note.descriptor,
            kind: .unary)
        router.unary(health) { _, context in
            let answer = Message.make(Note.descriptor, in: context.arena)
            Note("a", big).write(to: answer)
            return answer
        }
        let world = try await World(router: router)
        let peer = try await RawPeer.connect(world)
        peer.send(
            FrameBytes.hello {
                $0.callCredit = 1 << 20
                $0.connectionCredit = 1 << 30
            })
        peer.send((1...60).flatMap { FrameBytes.call($0, health.path, end: true).bytes })
        let reasons = await peer.reasons(until: 60)
        #expect(reasons.count == 60 && reasons.values.allSatisfy { $0 == "OK" })
        await world.close()
    }

    /// Calls that are over before their turn count as long as they stand in line.
    @Test func callsThatEndInLineAreBounded() async throws {
        var router = Router()
        router.unary(NoteMethods.echo) { request, _ in
            let end = MonotonicTime.now() + 5_000_000
            while MonotonicTime.now() < end {}
            return request
        }
        let world = try await World(router: router)
        let (busy, hasty) = (try await RawPeer.connect(world), try await RawPeer.connect(world))
        let path = "test.v1.NoteService/EchoNote"
        for peer in [busy, hasty] { peer.send(FrameBytes.hello()) }
        busy.send((1...200).flatMap { FrameBytes.call($0, path, end: true).bytes })
        hasty.send((1...600).flatMap { FrameBytes.call($0, path, end: true) { $0.timeoutMillis = 1 }.bytes })
        let refused = await hasty.reasons(until: 600).values.filter { $0 == "TOO_MANY_CALLS" }.count
        #expect(refused > 0)
        #expect(await busy.reasons(count: 200).values.allSatisfy { $0 == "OK" })
        await world.close()
    }

    /// Who takes no answers has no place that others wait for.
    @Test func theDeafHoldUpNobodyWhoWaitsInTurn() async throws {
        var router = Router()
        let big = String(repeating: "x", count: 500_000)
        router.unary(NoteMethods.wait) { _, context in
            let answer = Message.make(Note.descriptor, in: context.arena)
            Note("a", big).write(to: answer)
            return answer
        }
        router.unary(NoteMethods.echo) { request, _ in request }
        let limits = AdmissionLimits(runningMax: 2)
        let world = try await World(admission: AdmissionRule(limits: limits) { _ in .inTurn(of: nil) }, router: router)
        let deaf = try await RawPeer.connect(world)
        deaf.send(
            FrameBytes.hello {
                $0.callCredit = 1 << 20
                $0.connectionCredit = 1 << 30
            })
        deaf.turnDeaf()
        deaf.send((1...30).flatMap { FrameBytes.call($0, "test.v1.NoteService/WaitNote", end: true).bytes })
        let client = try world.client()
        for _ in 0..<5 {
            let options = CallOptions(timeout: .seconds(10))
            let answer: Note = try await client.call(NoteMethods.echo, Note("a"), options)
            #expect(answer.key == "a")
        }
        deaf.close()
        await world.close(client)
    }

    /// Handlers of an actor elsewhere, which is a mistake, are served all the same, and so is who comes after them.
    @Test func aHandlerMayBelongToAnActor() async throws {
        var router = Router()
        router.unary(NoteMethods.wait) { @Elsewhere request, _ in
            await Task.yield()
            return request
        }
        router.unary(NoteMethods.echo) { request, _ in
            #expect(EventLoop.current != nil)
            return request
        }
        let world = try await World(router: router)
        let client = try world.client()
        for index in 0..<50 {
            async let misled: Note = client.call(NoteMethods.wait, Note("m\(index)"), CallOptions())
            async let plain: Note = client.call(NoteMethods.echo, Note("p\(index)"), CallOptions())
            #expect(try await misled.key == "m\(index)")
            #expect(try await plain.key == "p\(index)")
        }
        await world.close(client)
    }

    /// A call that is cancelled before the loop comes to it costs no handler.
    @Test func aCallThatIsCancelledAtOnceNeverBegins() async throws {
        let (gate, seen) = (Gate(), Seen())
        let world = try await World(router: router(gate, seen))
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        peer.send(
            FrameBytes.call(1, "test.v1.NoteService/EchoNote", end: true), FrameBytes.cancel(1),
            FrameBytes.call(2, "test.v1.NoteService/EchoNote", end: true))
        #expect(await peer.reasons(until: 2) == [2: "OK"])
        #expect(seen.begun.load(ordering: .relaxed) == 1)
        await world.close()
    }
}
