import RPC
import RPCTransport
import Synchronization
import TLSTransport
import Tenancy
import Testing
import Wire

/// A relay in front of a world, as the gateway is in front of the services.
struct Relayed {
    let inner: World
    let outer: World
    let inward: RPCClient
    let codes = Mutexed<[StatusCode]>([])

    init(innerRouter: Router? = nil) async throws {
        let holder = Mutexed<RPCClient?>(nil)
        let codes = codes
        outer = try await World(
            fallback: { call, first in
                guard let bytes = first.start, var start = try? StartView(parsing: bytes),
                    let client = holder.value
                else { return call.finish(.unavailable("NO_CLIENT", "not ready")) }
                let token: [UInt8] = [0x0a, 0x01, 0x07]
                token.withUnsafeBytes { token in
                    start.caller = token
                    CallRelay.start(call, first: first, start: start, client: client) { end in
                        codes.update { $0.append(end.code) }
                        return Budget(cost: max(end.cost, 1), remaining: 7, reset: .seconds(2))
                    }
                }
            }, router: Router())
        inner = try await World(peers: .programs([.gateway]), router: innerRouter)
        // The relay lives on the loops of the outer server, and so must its client.
        let client = RPCClient(
            loops: outer.loops, addresses: [inner.address], serverName: "customer.steward.internal",
            tls: try TLSContext.client(inner.certificates.settings("gateway", verify: .required)),
            agent: "relay/1", logger: World.logger)
        inward = client
        holder.update { $0 = client }
    }

    func close(_ client: RPCClient) async {
        await inward.close()
        await outer.close(client)
        await inner.close()
    }
}

final class Mutexed<Value: Sendable>: Sendable {
    private let box: Mutex<Value>
    init(_ value: Value) { box = Mutex(value) }
    var value: Value { box.withLock { $0 } }
    func update(_ body: @Sendable (inout sending Value) -> Void) { box.withLock { body(&$0) } }
}

@Suite struct RelayTests {
    @Test func unaryCallsPassWithStatusAndHeader() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let answer: Note = try await client.call(NoteMethods.echo, Note("a", "b"), CallOptions())
        #expect(answer == Note("a", "b"))
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.fail, Note("a"), CallOptions())
        }
        #expect(error?.reason == "NOTE_LOCKED")
        #expect(relayed.codes.value == [.ok, .failedPrecondition])
        await relayed.close(client)
    }

    /// What the server says that the call cost is what the caller is charged; the rest of the budget is the relay's to tell.
    @Test(arguments: [("EchoNote", "OK", 1), ("CostlyNote", "OK", 99), ("FailNote", "NOTE_LOCKED", 1)])
    func theBudgetTravelsWithTheStatus(_ method: String, _ reason: String, _ cost: UInt32) async throws {
        var router = NoteHandlers.router(Gate())
        router.unary(NoteMethods.make("CostlyNote", .unary)) { request, context in
            context.cost = 99
            return request
        }
        let relayed = try await Relayed(innerRouter: router)
        let client = try relayed.outer.client()
        // Once, so that the relay has its connection.
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions(waitForReady: true))
        let peer = try await RawPeer.connect(relayed.outer)
        peer.send(
            FrameBytes.hello(),
            FrameBytes.call(1, "test.v1.NoteService/\(method)", payload: Note("a").encoded(), end: true))
        #expect(await peer.reasons(until: 1) == [1: reason])
        #expect(await peer.budgets(until: 1) == [1: Budget(cost: cost, remaining: 7, reset: .seconds(2))])
        peer.close()
        await relayed.close(client)
    }

    @Test func longMessagesAndStreamsPass() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let note = Note("long", String(repeating: "0123456789abcdef", count: 3 << 16))
        let answer: Note = try await client.call(NoteMethods.echo, note, CallOptions())
        #expect(answer == note)
        let request = Note("200", String(repeating: "x", count: 16 << 10))
        let stream: ResponseStream<Note> = try await client.serverStream(
            NoteMethods.count, request, CallOptions())
        var count = 0
        for try await _ in stream { count += 1 }
        #expect(count == 200)
        let join: RequestStream<Note, Note> = try await client.clientStream(NoteMethods.join, CallOptions())
        for index in 0..<300 { try await join.send(Note("\(index)", String(repeating: "y", count: 8 << 10))) }
        #expect(try await join.finish() == Note("300", "\(300 * (8 << 10))"))
        await relayed.close(client)
    }

    /// Credit holds the writer back through the relay too: what is under way is two windows, not the whole stream.
    @Test func aSlowReaderHoldsTheFarWriterBack() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let request = Note("1000", String(repeating: "x", count: 16 << 10))
        let stream: ResponseStream<Note> = try await client.serverStream(
            NoteMethods.count, request, CallOptions())
        #expect(try await stream.next()?.key == "0")
        await relayed.inner.gate.wait(for: "written", count: 20)
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        let written = await relayed.inner.gate.count(of: "written")
        #expect(written < 100, "\(written) messages were written ahead of the reader")
        stream.cancel()
        await relayed.close(client)
    }

    @Test func cancellationReachesTheHandler() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let task = Task { let _: Note = try await client.call(NoteMethods.wait, Note("a"), CallOptions()) }
        await relayed.inner.gate.wait(for: "begun")
        task.cancel()
        await relayed.inner.gate.wait(for: "cancelled")
        _ = await task.result
        await relayed.close(client)
    }

    @Test func deadlinesReachTheHandler() async throws {
        let relayed = try await Relayed()
        let client = try relayed.outer.client()
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(
                NoteMethods.wait, Note("a"), CallOptions(timeout: .milliseconds(500)))
        }
        #expect(error?.code == .deadlineExceeded)
        await relayed.inner.gate.wait(for: "cancelled")
        await relayed.close(client)
    }
}
