import RPC
import RPCTransport
import Reactor
import Synchronization
import TLSTransport
import Tenancy
import Testing

@Suite struct ConnectionTests {
    @Test func programsAreKnownByTheirCertificate() async throws {
        let seen = Mutexed<[Peer]>([])
        let world = try await World(
            peers: .programs([.gateway]),
            interceptors: [Recorder { context, _ in seen.update { $0.append(context.peer) } }])
        let gateway = try world.client(as: "gateway")
        let _: Note = try await gateway.call(NoteMethods.echo, Note("a"), CallOptions())
        #expect(seen.value == [.program(.gateway)])
        let stranger = try world.client(as: "stranger")
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await stranger.call(NoteMethods.echo, Note("a"), CallOptions())
        }
        #expect(error?.code == .unavailable)
        #expect(seen.value.count == 1)
        await world.close(gateway, stranger)
    }

    @Test func aServerThatIsNotThereIsUnavailableAtOnce() async throws {
        let world = try await World()
        let client = RPCClient(
            loops: world.loops, addresses: [try SocketAddress("127.0.0.1:1")],
            serverName: "customer.steward.internal",
            tls: try TLSContext.client(world.certificates.settings(nil, verify: .required)), agent: "test/1",
            logger: World.logger)
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        }
        #expect(error?.code == .unavailable)
        #expect(error?.reason == "SERVER_UNREACHABLE")
        await world.close(client)
    }

    @Test func waitForReadyWaitsUntilTheDeadline() async throws {
        let world = try await World()
        let client = RPCClient(
            loops: world.loops, addresses: [try SocketAddress("127.0.0.1:1")],
            serverName: "customer.steward.internal",
            tls: try TLSContext.client(world.certificates.settings(nil, verify: .required)), agent: "test/1",
            logger: World.logger)
        let error = await #expect(throws: RPCError.self) {
            let options = CallOptions(timeout: .milliseconds(200), waitForReady: true)
            let _: Note = try await client.call(NoteMethods.echo, Note("a"), options)
        }
        #expect(error?.code == .deadlineExceeded)
        await world.close(client)
    }

    @Test func aDrainingServerFinishesWhatItHasAndTheClientReconnects() async throws {
        let first = try await World()
        let client = try first.client()
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        let task = Task {
            try await client.call(
                NoteMethods.wait, Note("a"), CallOptions(timeout: .seconds(1)), as: Note.self)
        }
        await first.gate.wait(for: "begun")
        await first.server.drain(within: .seconds(20))
        // The call was neither lost nor cut short: it ended by its own deadline.
        let error = await #expect(throws: RPCError.self) { _ = try await task.value }
        #expect(error?.code == .deadlineExceeded)
        await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        }
        // The same address comes back; the client finds it.
        let second = RPCServer(
            loops: first.loops, address: first.address,
            tls: try TLSContext.server(first.certificates.settings("customer", verify: .none)),
            router: NoteHandlers.router(first.gate), peers: .anyone, agent: "test/2", logger: World.logger)
        try await second.start()
        let answer: Note = try await client.call(
            NoteMethods.echo, Note("back"), CallOptions(timeout: .seconds(10), waitForReady: true))
        #expect(answer.key == "back")
        await client.close()
        await second.drain(within: .seconds(5))
        await first.close()
    }

    @Test func aDrainThatTakesTooLongEndsCallsWithUnavailable() async throws {
        let world = try await World()
        let client = try world.client()
        let task = Task { try await client.call(NoteMethods.wait, Note("a"), CallOptions(), as: Note.self) }
        await world.gate.wait(for: "begun")
        await world.server.drain(within: .milliseconds(100))
        let error = await #expect(throws: RPCError.self) { _ = try await task.value }
        #expect(error?.code == .unavailable)
        await world.gate.wait(for: "cancelled")
        await world.close(client)
    }

    @Test func interceptorsRunInOrderAndFinishInReverse() async throws {
        let events = Mutexed<[String]>([])
        let world = try await World(interceptors: [
            Recorder(admitted: { events.update { $0.append("a in") } }) { _, _ in
                events.update { $0.append("a out") }
            },
            Recorder(admitted: { throw RPCError.permissionDenied("NO", "no") }) { _, outcome in
                events.update { $0.append("b out \(outcome.code)") }
            },
            Recorder(admitted: { events.update { $0.append("c in") } }) { _, _ in
                events.update { $0.append("c out") }
            },
        ])
        let client = try world.client()
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions())
        }
        #expect(error?.reason == "NO")
        #expect(events.value == ["a in", "b out PERMISSION_DENIED", "a out"])
        await world.close(client)
    }

    @Test func callsOfACallInheritDeadlineTraceAndCaller() async throws {
        let seen = Mutexed<CallContextFacts?>(nil)
        let world = try await World(
            peers: .programs([.gateway]),
            interceptors: [Recorder { context, _ in seen.update { $0 = CallContextFacts(context) } }])
        let client = try world.client(as: "gateway")
        var options = CallOptions(timeout: .seconds(5), requestID: "req-1")
        options.metadata.append("steward-client-address", "10.0.0.1")
        options.callerToken = CallerTokenBytes(encoded: [0x0a, 0x02, 0x08, 0x01])
        let trace = TraceContext.make(isSampled: true)
        options.trace = trace
        options.traceState = "vendor=1"
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), options)
        let facts = try #require(seen.value)
        #expect(facts.requestID == "req-1")
        #expect(facts.address == "10.0.0.1")
        #expect(facts.claims == [0x08, 0x01])
        #expect(facts.trace.traceIDText == trace.traceIDText)
        #expect(facts.trace.spanID != trace.spanID && facts.trace.parentID == trace.spanID)
        #expect(facts.trace.isSampled)
        #expect(facts.traceState == "vendor=1" && facts.onward.traceState == "vendor=1")
        #expect(facts.onward.trace?.parentID == facts.trace.spanID)
        #expect(facts.remaining < .seconds(5) && facts.remaining > .seconds(2))
        await world.close(client)
    }
}

extension ConnectionTests {
    /// Without a traceparent the server begins a trace and decides by its own setting; then a tracestate means nothing.
    @Test(arguments: [(0.0, false), (1.0, true)])
    func aCallWithoutATraceBeginsOne(_ ratio: Double, _ isSampled: Bool) async throws {
        let seen = Mutexed<CallContextFacts?>(nil)
        let world = try await World(
            interceptors: [Recorder { context, _ in seen.update { $0 = CallContextFacts(context) } }],
            tracing: Tracing(sampling: TraceSampling(ratio: ratio), exporter: nil))
        let client = try world.client()
        var options = CallOptions()
        options.traceState = "vendor=1"
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), options)
        let facts = try #require(seen.value)
        #expect(facts.trace.parentID == 0 && facts.trace.isSampled == isSampled)
        #expect(facts.traceState == nil)
        // The caller's decision counts, whatever the setting.
        options.trace = TraceContext.make(isSampled: !isSampled)
        let _: Note = try await client.call(NoteMethods.echo, Note("a"), options)
        #expect(seen.value?.trace.isSampled == !isSampled)
        await world.close(client)
    }

    /// Where callers are clients, so many of their calls are recorded and no more.
    @Test func whatCallersHaveRecordedIsBounded() async throws {
        let seen = Mutexed<[TraceContext]>([])
        var tracing = Tracing.off
        tracing.callerSampling = SamplingBudget(.init(perSecond: 1, burst: 1), now: MonotonicTime.now()) {}
        let world = try await World(
            interceptors: [Recorder { context, _ in seen.update { $0.append(context.trace) } }], tracing: tracing)
        let client = try world.client()
        var options = CallOptions()
        options.trace = TraceContext.make(isSampled: true)
        for _ in 0..<20 { let _: Note = try await client.call(NoteMethods.echo, Note("a"), options) }
        let traces = seen.value
        #expect(traces[0].isSampled && !traces.allSatisfy(\.isSampled))
        #expect(traces.allSatisfy { $0.traceLow == options.trace?.traceLow })
        await world.close(client)
    }

    @Test func bothSidesCountWhatGoesOverTheirConnections() async throws {
        let world = try await World()
        let client = try world.client()
        for _ in 0..<3 { let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions()) }
        let there = await world.server.statistics()
        let here = await client.statistics()
        #expect(there.connectionsOpen == 1 && here.connections == 1 && here.callsOpen == 0)
        #expect(here.connects == 1 && here.reconnects == 0 && here.connectFailures == 0)
        // A hello each and three calls; what one sends the other receives.
        #expect(there.traffic.framesReceived >= 4 && there.traffic.framesReceived == here.traffic.framesSent)
        #expect(there.traffic.bytesReceived == here.traffic.bytesSent && there.traffic.bytesSent > 0)
        #expect(there.traffic.framesSent == here.traffic.framesReceived)
        await world.close(client)
    }
}

struct CallContextFacts: Sendable {
    let requestID: String?
    let address: String?
    let claims: [UInt8]?
    let trace: TraceContext
    let traceState: String?
    /// The options of a call made on its behalf.
    let onward: CallOptions
    let remaining: Duration

    init(_ context: CallContext) {
        requestID = context.requestID
        address = context.metadata.text("steward-client-address")
        claims = context.callerToken?.parts()?.claims
        trace = context.trace
        traceState = context.traceState
        onward = CallOptions(inheriting: context)
        remaining = context.deadline.remaining
    }
}

struct Recorder: Interceptor {
    let admitted: @Sendable () throws -> Void
    let finished: @Sendable (CallContext, CallOutcome) -> Void

    init(
        admitted: @escaping @Sendable () throws -> Void = {},
        _ finished: @escaping @Sendable (CallContext, CallOutcome) -> Void
    ) {
        self.admitted = admitted
        self.finished = finished
    }

    func admit(_ context: CallContext) throws { try admitted() }
    func finish(_ context: CallContext, _ outcome: CallOutcome) { finished(context, outcome) }
}
