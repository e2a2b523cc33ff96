import RPC
import RPCTransport
import Reactor
import Synchronization
import Tenancy
import Testing
import Wire

/// Calls that wait for their turn in a server. The tenant of a call is made of its metadata here; a service takes it from the caller.
@Suite struct AdmissionTests {
    private static let tenants = ["a": TenantID(RecordID.make()), "b": TenantID(RecordID.make())]

    /// - Parameter onArrival: hears of each call that has come.
    private func rule(running: Int, queued: Int = 100, onArrival: @escaping @Sendable () -> Void = {}) -> AdmissionRule
    {
        var limits = AdmissionLimits(runningMax: running)
        limits.queuedMax = queued
        limits.quantum = 4
        return AdmissionRule(limits: limits) { context in
            onArrival()
            guard let name = context.metadata.text("tenant") else { return .immediate }
            return .inTurn(of: Self.tenants[name])
        }
    }

    private final class Counted: Sendable {
        let count = Atomic<Int>(0)
    }

    private func options(_ tenant: String, timeout: Duration? = nil) -> CallOptions {
        var options = CallOptions(timeout: timeout)
        options.metadata.append("tenant", tenant)
        return options
    }

    /// A handler that waits for the test, and notes the order in which calls begin.
    private func router(_ gate: Gate, _ begun: Order) -> Router {
        var router = Router()
        router.unary(NoteMethods.wait) { request, _ in
            let note = Note(request)
            await begun.append(note.key)
            await gate.signal("begun")
            await gate.wait(for: "end " + note.key)
            return request
        }
        router.unary(NoteMethods.echo) { request, _ in request }
        return router
    }

    private func call(_ client: RPCClient, _ name: String, _ tenant: String) -> Task<Note, any Error> {
        let options = options(tenant)
        return Task { try await client.call(NoteMethods.wait, Note(name), options) }
    }

    @Test func tenantsTakeTurns() async throws {
        let (gate, begun) = (Gate(), Order())
        let arrived = Counted()
        let world = try await World(
            admission: rule(running: 1) { arrived.count.wrappingAdd(1, ordering: .relaxed) },
            router: router(gate, begun))
        let client = try world.client()
        let loop = world.loops.loops[0]
        var calls: [Task<Note, any Error>] = []
        for name in ["first"] + (0..<20).map({ "a\($0)" }) + ["b0"] {
            calls.append(call(client, name, String(name.prefix(1))))
            while arrived.count.load(ordering: .relaxed) < calls.count { await loop.spawn {}.value }
        }
        await gate.wait(for: "begun")
        let answered: Note = try await client.call(NoteMethods.echo, Note("now"), CallOptions())
        #expect(answered.key == "now", "what does not wait in turn overtakes the queue")
        for name in ["first"] + (0..<20).map({ "a\($0)" }) + ["b0"] { await gate.signal("end " + name) }
        for call in calls { _ = try await call.value }
        let order = await begun.names
        #expect(order.count == 22)
        #expect(order.firstIndex(of: "b0")! <= 10, "\(order)")
        await world.close(client)
    }

    /// Places that a tenant may not have are there for the others at once, though its calls are in line before.
    @Test func slowCallsOfOneTenantLeaveRoom() async throws {
        let (gate, begun) = (Gate(), Order())
        let world = try await World(admission: rule(running: 4), router: router(gate, begun))
        let client = try world.client()
        let slow = (0..<6).map { call(client, "a\($0)", "a") }
        await gate.wait(for: "begun", count: 2)
        let other = call(client, "b", "b")
        await gate.signal("end b")
        _ = try await other.value
        #expect(await begun.names.count == 3)
        for name in (0..<6).map({ "a\($0)" }) { await gate.signal("end " + name) }
        for call in slow { _ = try await call.value }
        await world.close(client)
    }

    @Test func aCallThatGivesUpInTheQueueIsNeverBegun() async throws {
        let (gate, begun) = (Gate(), Order())
        let world = try await World(admission: rule(running: 1), router: router(gate, begun))
        let client = try world.client()
        let first = call(client, "first", "a")
        await gate.wait(for: "begun")
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(
                NoteMethods.wait, Note("late"), options("a", timeout: .milliseconds(50)))
        }
        #expect(error?.code == .deadlineExceeded)
        await gate.signal("end first")
        _ = try await first.value
        let last = call(client, "last", "a")
        await gate.signal("end last")
        _ = try await last.value
        #expect(await begun.names == ["first", "last"])
        await world.close(client)
    }

    @Test func aFullQueueRefusesAndSaysWhenToComeBack() async throws {
        let (gate, begun) = (Gate(), Order())
        let world = try await World(admission: rule(running: 1, queued: 1), router: router(gate, begun))
        let peer = try await RawPeer.connect(world)
        peer.send(FrameBytes.hello())
        options("a").metadata.encoded(as: Metadata.startField).withUnsafeBytes { metadata in
            for id in 1...3 as ClosedRange<UInt64> {
                let note = Note("\(id)").encoded()
                peer.send(
                    FrameBytes.call(id, "test.v1.NoteService/WaitNote", payload: note, end: true) {
                        $0.metadata = metadata
                    })
            }
        }
        #expect(await peer.reasons(until: 3) == [3: "OVERLOADED"])
        await gate.signal("end 1")
        await gate.signal("end 2")
        #expect(await peer.reasons(until: 2) == [1: "OK", 2: "OK", 3: "OVERLOADED"])
        peer.close()
        await world.close()
    }

    /// Interceptors learn of the end of every call that they let pass, also of one that never began.
    @Test func interceptorsSeeTheEndOfACallThatWaited() async throws {
        let (gate, begun, seen) = (Gate(), Order(), Witness())
        let world = try await World(
            interceptors: [seen], admission: rule(running: 1), router: router(gate, begun))
        let client = try world.client()
        var events = seen.events.makeAsyncIterator()
        let first = call(client, "first", "a")
        #expect(await events.next() == "admitted")
        let second = call(client, "second", "a")
        #expect(await events.next() == "admitted")
        second.cancel()
        #expect(await events.next() == "CANCELLED")
        await gate.signal("end first")
        _ = try await first.value
        #expect(await events.next() == "OK")
        #expect(await begun.names == ["first"])
        await world.close(client)
    }
}

/// Names in the order in which they came.
private actor Order {
    private(set) var names: [String] = []

    func append(_ name: String) { names.append(name) }
}

/// Tells what an interceptor is told.
private final class Witness: Interceptor {
    let events: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation

    init() { (events, continuation) = AsyncStream.makeStream() }

    func admit(_ context: CallContext) throws { continuation.yield("admitted") }

    func finish(_ context: CallContext, _ outcome: CallOutcome) { continuation.yield(outcome.code.name) }
}
