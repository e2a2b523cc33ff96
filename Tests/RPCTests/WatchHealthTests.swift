import CEnvelope
import Logging
import Synchronization
import Testing
import Wire

@testable import RPC

@Suite struct WatchHealthTests {
    /// Takes the states that a watch writes.
    private final class Sink: MessageSink {
        let states: AsyncStream<Int32>
        private let continuation: AsyncStream<Int32>.Continuation

        init() { (states, continuation) = AsyncStream.makeStream(of: Int32.self) }

        func write(_ message: Message) async throws {
            guard let field = message.descriptor.field("state") else { return }
            continuation.yield(message.int32(field))
        }

        func write(encoded message: [UInt8], until deadline: Deadline) async throws {
            preconditionFailure("writes messages")
        }
    }

    private static let request = MessageDescriptor(steward_rpc_v1_watch_health_request_descriptor())
    private static let watch = MethodDefinition(
        path: "h.H/WatchHealth", request: request,
        response: MessageDescriptor(steward_rpc_v1_watch_health_response_descriptor()), kind: .serverStreaming)
    private let reporter: HealthReporter
    private let handler: @Sendable (Message, MessageWriter, CallContext) async throws -> Void

    init() throws {
        let check = MethodDefinition(
            path: "h.H/CheckHealth", request: MessageDescriptor(steward_rpc_v1_check_health_request_descriptor()),
            response: MessageDescriptor(steward_rpc_v1_check_health_response_descriptor()), kind: .unary)
        reporter = HealthReporter(check: check, watch: Self.watch)
        var router = Router()
        reporter.register(on: &router)
        let route = try #require(Array("h.H/WatchHealth".utf8).withUnsafeBytes { RouteTable(router).find($0) })
        guard case .serverStreaming(let handler) = route.handler else { throw RPCError.cancelled() }
        self.handler = handler
    }

    private func open(_ service: String, connection: UInt64, _ sink: Sink) -> Task<Void, any Error> {
        Task { [handler] in
            let arena = Arena()
            let message = Message.make(Self.request, in: arena)
            if let field = Self.request.field("service") { message.setString(field, service) }
            let context = CallContext(
                method: Self.watch, deadline: .never, trace: .make(),
                connection: ConnectionContext(id: connection, peer: .client(address: "test")), arena: arena,
                startNanoseconds: 0)
            try await handler(message, MessageWriter(sink, arena: Arena()), context)
        }
    }

    @Test func aWatchSeesItsServiceChangeAndLeavesNothingBehind() async throws {
        reporter.set(isServing: false, service: "a.S")
        reporter.set(isServing: false, service: "b.S")
        let sink = Sink()
        let watching = open("a.S", connection: 1, sink)
        var states = sink.states.makeAsyncIterator()
        #expect(await states.next() == 2)
        reporter.set(isServing: true, service: "b.S")
        reporter.set(isServing: true, service: "a.S")
        #expect(await states.next() == 1)
        #expect(reporter.watcherCount == 1)
        // A drain or a caller that has enough cancels the task.
        watching.cancel()
        await #expect(throws: CancellationError.self) { try await watching.value }
        #expect(reporter.watcherCount == 0)
    }

    @Test func oneConnectionCannotTakeAllWatches() async throws {
        reporter.set(isServing: true, service: "a.S")
        var watching: [Task<Void, any Error>] = []
        for _ in 0..<HealthReporter.watchersOfConnectionMax {
            let sink = Sink()
            watching.append(open("a.S", connection: 1, sink))
            for await _ in sink.states { break }
        }
        let refused = await #expect(throws: RPCError.self) { try await open("a.S", connection: 1, Sink()).value }
        #expect(refused?.reason == "TOO_MANY_WATCHES" && refused?.code == .resourceExhausted)
        let other = Sink()
        watching.append(open("a.S", connection: 2, other))
        for await state in other.states {
            #expect(state == 1)
            break
        }
        for task in watching { task.cancel() }
        for task in watching { _ = await task.result }
        #expect(reporter.watcherCount == 0)
    }

    @Test func watchesAreLimitedInAll() async throws {
        reporter.set(isServing: true, service: "a.S")
        var watching: [Task<Void, any Error>] = []
        for number in 0..<HealthReporter.watchersMax {
            let sink = Sink()
            watching.append(open("a.S", connection: UInt64(number), sink))
            for await _ in sink.states { break }
        }
        let refused = await #expect(throws: RPCError.self) { try await open("a.S", connection: 1 << 40, Sink()).value }
        #expect(refused?.reason == "TOO_MANY_WATCHES")
        for task in watching { task.cancel() }
        for task in watching { _ = await task.result }
    }

    @Test func aServiceThatIsNotKnownIsSaid() async {
        let refused = await #expect(throws: RPCError.self) { try await open("x.Y", connection: 1, Sink()).value }
        #expect(refused?.reason == "SERVICE_UNKNOWN")
    }
}
