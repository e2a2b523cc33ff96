import RPC
import RPCTransport
import Reactor
import TLSTransport
import Testing

/// Clients that find their servers by name. The resolver is the test's.
@Suite struct AddressTests {
    private struct NotFound: Error {}

    /// What the resolver says, which a test can change; nil: the name is not known.
    private static func resolver(_ found: Mutexed<[SocketAddress]?>, _ asked: Mutexed<Int> = Mutexed(0)) -> NameResolver
    {
        { _ in
            asked.update { $0 += 1 }
            guard let addresses = found.value else { throw NotFound() }
            return addresses
        }
    }

    private static var quick: ClientLimits {
        var limits = ClientLimits()
        limits.resolveInterval = .milliseconds(50)
        limits.resolvePause = .milliseconds(20)
        return limits
    }

    @Test func aNameStandsForAllItsAddresses() async throws {
        let instances = try await Instances(2)
        let client = try instances.client(
            "server.test:7400", resolve: Self.resolver(Mutexed(instances.addresses)))
        try await client.warmUp(instances, 0..<2)
        #expect(client.isReady && client.problem == nil)
        await instances.close(client)
    }

    @Test func aNameThatIsNotFoundIsTriedOn() async throws {
        let instances = try await Instances(1)
        let found = Mutexed<[SocketAddress]?>(nil)
        let client = try instances.client("server.test:7400", limits: Self.quick, resolve: Self.resolver(found))
        let error = await #expect(throws: RPCError.self) {
            _ = try await client.ask(Instances.get, "a", CallOptions(retries: false))
        }
        #expect(error?.reason == "SERVER_UNREACHABLE")
        #expect(client.problem?.contains("server.test:7400 cannot be looked up") == true)
        let waiting = Task {
            try await client.ask(Instances.get, "b", CallOptions(timeout: .seconds(20), waitForReady: true))
        }
        found.update { $0 = instances.addresses }
        #expect(try await waiting.value.key == "b")
        #expect(client.problem == nil)
        await instances.close(client)
    }

    /// The instance that has vanished finishes its call, and gets no other.
    @Test func addressesThatChangeAreFollowed() async throws {
        let instances = try await Instances(2)
        let gate = Gate()
        instances.behave(0) { note in
            guard note.key == "long" else { return note }
            await gate.signal("begun")
            await gate.wait(for: "go")
            return note
        }
        let found = Mutexed<[SocketAddress]?>([instances.addresses[0]])
        let client = try instances.client("server.test:7400", limits: Self.quick, resolve: Self.resolver(found))
        let long = Task { try await client.ask(Instances.put, "long") }
        await gate.wait(for: "begun")
        found.update { $0 = [instances.addresses[1]] }
        try await client.warmUp(instances, 1..<2)
        let before = instances.receivedCounts[0]
        for _ in 0..<20 { _ = try await client.ask(Instances.get, "a") }
        #expect(instances.receivedCounts[0] == before)
        await gate.signal("go")
        #expect(try await long.value.key == "long")
        await instances.close(client)
    }

    /// Long before the next look-up would be due.
    @Test func aLostConnectionHasTheNameLookedUpAgain() async throws {
        let instances = try await Instances(2)
        let found = Mutexed<[SocketAddress]?>([instances.addresses[0]])
        var limits = Self.quick
        limits.resolveInterval = .seconds(3_600)
        let client = try instances.client("server.test:7400", limits: limits, resolve: Self.resolver(found))
        _ = try await client.ask(Instances.get, "a")
        found.update { $0 = [instances.addresses[1]] }
        await instances.servers[0].drain(within: .seconds(5))
        let answer = try await client.ask(
            Instances.get, "b", CallOptions(timeout: .seconds(20), waitForReady: true))
        #expect(answer.key == "b")
        #expect(instances.receivedCounts[1] == 1)
        await instances.close(client)
    }

    /// A resolver that fails for a while takes nothing away.
    @Test func aFailingResolverLeavesTheAddressesKnown() async throws {
        let instances = try await Instances(1)
        let found = Mutexed<[SocketAddress]?>(instances.addresses)
        let asked = Mutexed(0)
        let client = try instances.client(
            "server.test:7400", limits: Self.quick, resolve: Self.resolver(found, asked))
        _ = try await client.ask(Instances.get, "a")
        found.update { $0 = nil }
        let before = asked.value
        while asked.value < before + 2 { _ = try await client.ask(Instances.get, "b") }
        await instances.close(client)
    }

    @Test func addressesInDigitsAreNotLookedUp() async throws {
        let instances = try await Instances(1)
        let asked = Mutexed(0)
        let client = try instances.client(
            instances.addresses[0].description, resolve: Self.resolver(Mutexed(nil), asked))
        _ = try await client.ask(Instances.get, "a")
        #expect(asked.value == 0)
        await instances.close(client)
    }

    // MARK: Preparation

    /// What prepares a connection comes before the first call, once for each connection.
    @Test func connectionsArePreparedOnce() async throws {
        let instances = try await Instances(2)
        let client = try instances.client(
            instances.addresses[0].description, instances.addresses[1].description,
            preparation: { connection in
                _ = try await connection.call(Instances.put, Note("prepare"), CallOptions(), as: Note.self)
            }, resolve: { _ in [] })
        try await client.warmUp(instances, 0..<2)
        let stream = try await client.serverStream(Instances.list, Note("s"), CallOptions(), as: Note.self)
        #expect(try await stream.next()?.key == "s")
        for received in instances.received {
            #expect(received.value.first == "prepare")
            #expect(received.value.count { $0 == "prepare" } == 1)
        }
        let again = await client.prepareConnections()
        #expect(again.prepared == 2 && again.failures.isEmpty)
        #expect(instances.received.allSatisfy { $0.value.last == "prepare" || $0.value.last == "s" })
        await instances.close(client)
    }

    @Test func aConnectionThatCannotBePreparedTakesNoCalls() async throws {
        let instances = try await Instances(1)
        let isBroken = Mutexed(true)
        let client = try instances.client(
            instances.addresses[0].description,
            preparation: { _ in if isBroken.value { throw RPCError.unavailable("DOWN", "down") } },
            resolve: { _ in [] })
        let error = await #expect(throws: RPCError.self) {
            _ = try await client.ask(Instances.get, "a", CallOptions(retries: false))
        }
        #expect(error?.reason == "SERVER_UNREACHABLE")
        #expect(instances.receivedCounts == [0] && !client.isReady)
        isBroken.update { $0 = false }
        let options = CallOptions(timeout: .seconds(20), waitForReady: true)
        #expect(try await client.ask(Instances.get, "b", options).key == "b")
        await instances.close(client)
    }
}
