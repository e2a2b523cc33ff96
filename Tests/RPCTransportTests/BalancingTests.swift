import RPC
import RPCTransport
import Reactor
import TLSTransport
import Testing

@Suite struct BalancingTests {
    @Test func equalsTakeTurns() async throws {
        let instances = try await Instances(3)
        let client = try instances.client()
        try await client.warmUp(instances, 0..<3)
        let before = instances.receivedCounts
        for _ in 0..<300 { _ = try await client.ask(Instances.get, "a") }
        let counts = zip(instances.receivedCounts, before).map { $0 - $1 }
        #expect(counts == [100, 100, 100])
        await instances.close(client)
    }

    /// An instance that is busy with slow calls gets fewer.
    @Test func theLeastBusyIsChosen() async throws {
        let instances = try await Instances(2)
        let client = try instances.client()
        try await client.warmUp(instances, 0..<2)
        let gate = Gate()
        instances.behave(0) { note in
            if note.key == "slow" { await gate.wait(for: "go") }
            return note
        }
        instances.behave(1) { note in
            if note.key == "slow" { await gate.wait(for: "go") }
            return note
        }
        let slow = Task { try await client.ask(Instances.get, "slow") }
        while !instances.received.contains(where: { $0.value.contains("slow") }) { await Task.yield() }
        let busy = instances.received[0].value.contains("slow") ? 0 : 1
        let before = instances.receivedCounts[busy]
        for _ in 0..<20 { _ = try await client.ask(Instances.get, "a") }
        #expect(instances.receivedCounts[busy] == before)
        await gate.signal("go")
        _ = try await slow.value
        await instances.close(client)
    }

    @Test func anInstanceThatAnswersUnavailableIsEjected() async throws {
        let instances = try await Instances(2)
        let client = try await Self.clientOfABrokenInstance(instances, ejectedFor: .seconds(60))
        // Nothing goes there for a while.
        let before = instances.receivedCounts[0]
        for _ in 0..<20 { _ = try await client.ask(Instances.get, "b") }
        #expect(instances.receivedCounts[0] == before)
        await instances.close(client)
    }

    @Test func anInstanceThatWasEjectedComesBack() async throws {
        let instances = try await Instances(2)
        let client = try await Self.clientOfABrokenInstance(instances, ejectedFor: .milliseconds(200))
        instances.recover(0)
        let before = instances.receivedCounts[0]
        while instances.receivedCounts[0] == before { _ = try await client.ask(Instances.get, "c") }
        await instances.close(client)
    }

    /// The first instance has failed five calls.
    private static func clientOfABrokenInstance(
        _ instances: Instances, ejectedFor time: Duration
    ) async throws -> RPCClient {
        var limits = ClientLimits()
        limits.retry = .none
        limits.outliers.ejectionFirst = time
        let client = try instances.client(limits: limits)
        try await client.warmUp(instances, 0..<2)
        instances.behave(0) { _ in throw RPCError.unavailable("DOWN", "down") }
        var failures = 0
        for _ in 0..<100 where failures < 5 {
            do { _ = try await client.ask(Instances.get, "a") } catch { failures += 1 }
        }
        #expect(failures == 5)
        return client
    }

    /// Callers may give little time; that is not the fault of an instance. Silence for long is.
    @Test(arguments: [(silenceMin: Duration.seconds(3_600), isEjected: false), (.milliseconds(1), true)])
    func onlyLongSilenceCountsAgainstAnInstance(silenceMin: Duration, isEjected: Bool) async throws {
        let instances = try await Instances(2)
        var limits = ClientLimits()
        limits.silenceMin = silenceMin
        limits.outliers.ejectionFirst = .seconds(60)
        let client = try instances.client(limits: limits)
        try await client.warmUp(instances, 0..<2)
        instances.behave(0) { note in
            if note.key == "silent" { try await EventLoop.current?.sleep(for: .seconds(60)) }
            return note
        }
        while instances.received[0].value.count(where: { $0 == "silent" }) < 5 {
            _ = try? await client.ask(Instances.get, "silent", CallOptions(timeout: .milliseconds(50)))
        }
        let before = instances.receivedCounts[0]
        for _ in 0..<20 { _ = try await client.ask(Instances.get, "a") }
        #expect((instances.receivedCounts[0] == before) == isEjected)
        await instances.close(client)
    }

    @Test func anInstanceThatDrainsLosesNoCall() async throws {
        let instances = try await Instances(2)
        let client = try instances.client()
        try await client.warmUp(instances, 0..<2)
        let calls = Task {
            for index in 0..<500 { _ = try await client.ask(Instances.put, "\(index)") }
        }
        await instances.servers[0].drain(within: .seconds(20))
        try await calls.value
        // Each write once, on one of the two.
        let writes = instances.received.flatMap(\.value).filter { $0 != "warm" }
        #expect(writes.count == 500 && Set(writes).count == 500)
        await instances.close(client)
    }

    /// Reads go on while an instance dies in the middle of its calls.
    @Test func anInstanceThatDiesCostsNoRead() async throws {
        let instances = try await Instances(1)
        let lossy = try LossyServer(instances.loops.loops[0], instances.certificates)
        let client = RPCClient(
            loops: instances.loops, addresses: instances.addresses + [lossy.address],
            serverName: "customer.steward.internal", tls: try instances.tls, agent: "test/1",
            logger: World.logger)
        for index in 0..<50 {
            #expect(try await client.ask(Instances.get, "\(index)").key == "\(index)")
        }
        while lossy.startCount == 0 { _ = try await client.ask(Instances.get, "more") }
        lossy.stop()
        await instances.close(client)
    }
}
