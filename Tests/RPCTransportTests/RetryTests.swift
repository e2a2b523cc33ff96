import RPC
import RPCTransport
import Reactor
import TLSTransport
import Testing

@Suite struct RetryTests {
    private static let down = RPCError.unavailable("DOWN", "down")

    /// Fails so often, then answers.
    private static func failing(_ count: Int, _ error: RPCError = down) -> Instances.Behaviour {
        let left = Mutexed(count)
        return { note in
            let isLeft = left.value > 0
            left.update { $0 -= 1 }
            if isLeft { throw error }
            return note
        }
    }

    @Test func aReadIsSentAgain() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        instances.behave(0, Self.failing(2))
        #expect(try await client.ask(Instances.get, "a").key == "a")
        #expect(instances.receivedCounts == [3])
        await instances.close(client)
    }

    @Test func aWriteIsSentAgainOnlyWithARequestID() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        instances.behave(0, Self.failing(1))
        let error = await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.put, "a") }
        #expect(error?.reason == "DOWN")
        #expect(instances.receivedCounts == [1])
        instances.behave(0, Self.failing(1))
        #expect(try await client.ask(Instances.put, "b", CallOptions(requestID: "r-1")).key == "b")
        #expect(instances.receivedCounts == [3])
        await instances.close(client)
    }

    @Test func retriesCanBeTurnedOff() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        instances.behave(0, Self.failing(1))
        await #expect(throws: RPCError.self) {
            _ = try await client.ask(Instances.get, "a", CallOptions(retries: false))
        }
        #expect(instances.receivedCounts == [1])
        await instances.close(client)
    }

    /// The third attempt would begin after the deadline, so the caller hears of the second, at once.
    @Test func theServersDelayIsHonouredWithinTheDeadline() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        let busy = RPCError.resourceExhausted("BUSY", "busy", retryDelay: .milliseconds(300))
        instances.behave(0, Self.failing(1, busy))
        let begin = ContinuousClock.now
        #expect(try await client.ask(Instances.get, "a").key == "a")
        #expect(ContinuousClock.now - begin >= .milliseconds(300))
        let long = RPCError.resourceExhausted("BUSY", "busy", retryDelay: .seconds(30))
        instances.behave(0, Self.failing(1, long))
        let error = await #expect(throws: RPCError.self) {
            _ = try await client.ask(Instances.get, "b", CallOptions(timeout: .seconds(20)))
        }
        #expect(error?.reason == "BUSY")
        #expect(instances.receivedCounts == [3])
        await instances.close(client)
    }

    /// Everything fails: the first calls use up what a new client has, then nine of ten callers hear the error of the first attempt.
    @Test func theBudgetBoundsRetries() async throws {
        let instances = try await Instances(1)
        var limits = ClientLimits()
        limits.retry = RetryPolicy(backoffFirst: .milliseconds(1))
        let heard = Mutexed<[ExtraAttempt: UInt64]>([:])
        let client = try instances.client(limits: limits) { attempt in heard.update { $0[attempt, default: 0] += 1 } }
        instances.behave(0) { _ in throw Self.down }
        for _ in 0..<100 {
            let error = await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.get, "a") }
            #expect(error?.reason == "DOWN")
        }
        // 10 saved up, and a tenth of 100; the bucket was full for the first call.
        let received = instances.received[0].value.count
        #expect((117...120).contains(received))
        // Each call that failed wanted another attempt, unless it had made the third.
        let attempts = await client.statistics().attempts
        #expect(attempts[.retry] == UInt64(received - 100) && attempts[.hedge] == nil)
        #expect((90...100).contains(attempts[.refused] ?? 0))
        #expect(heard.value == attempts)
        await instances.close(client)
    }

    @Test func aStreamIsSentAgainUntilItsFirstAnswer() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        instances.behave(0, Self.failing(2))
        let stream = try await client.serverStream(
            Instances.list, Note("a"), CallOptions(), as: Note.self)
        #expect(try await stream.next()?.key == "a")
        #expect(try await stream.next() == nil)
        #expect(instances.receivedCounts == [3])
        let gate = Gate()
        instances.behave(0) { _ in
            await gate.wait(for: "read")
            throw Self.down
        }
        let begun = try await client.serverStream(
            Instances.list, Note("b", "one first"), CallOptions(), as: Note.self)
        #expect(try await begun.next()?.key == "b")
        await gate.signal("read")
        let error = await #expect(throws: RPCError.self) { _ = try await begun.next() }
        #expect(error?.reason == "DOWN")
        #expect(instances.receivedCounts == [4])
        await instances.close(client)
    }

    @Test func cancellingEndsTheWaitForTheNextAttempt() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        let gate = Gate()
        instances.behave(0) { _ in
            await gate.signal("asked")
            throw RPCError.unavailable("DOWN", "down", retryDelay: .seconds(20))
        }
        let unary = Task { try await client.ask(Instances.get, "a") }
        let stream = try await client.serverStream(Instances.list, Note("b"), CallOptions(), as: Note.self)
        let streamed = Task { try await stream.next() }
        await gate.wait(for: "asked", count: 2)
        // The answers are on their way or here: either way the calls end now and not in 20 s.
        unary.cancel()
        streamed.cancel()
        for result in [await unary.result.map { _ in () }, await streamed.result.map { _ in () }] {
            let error = #expect(throws: RPCError.self) { try result.get() }
            #expect(error?.code == .cancelled)
        }
        await instances.close(client)
    }

    @Test func closingEndsTheWaitForTheNextAttempt() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        let gate = Gate()
        instances.behave(0) { _ in
            await gate.signal("asked")
            throw RPCError.unavailable("DOWN", "down", retryDelay: .seconds(20))
        }
        let unary = Task { try await client.ask(Instances.get, "a") }
        await gate.wait(for: "asked")
        await instances.close(client)
        let error = await #expect(throws: RPCError.self) { _ = try await unary.value }
        #expect(error?.code == .unavailable)
    }

    // MARK: Lost connections

    /// Each connection is lost after the call has begun. A read is tried as often as the policy says, a write once.
    @Test func nothingBegunIsSentTwiceWithoutARequestID() async throws {
        let instances = try await Instances(0)
        let lossy = try LossyServer(instances.loops.loops[0], instances.certificates)
        let client = RPCClient(
            loops: instances.loops, addresses: [lossy.address], serverName: "customer.steward.internal",
            tls: try instances.tls, agent: "test/1", logger: World.logger)
        let options = CallOptions(timeout: .seconds(20), waitForReady: true)
        await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.put, "a", options) }
        #expect(lossy.startCount == 1)
        let chat = try await client.duplexStream(
            NoteMethods.chat, options, sending: Note.self, as: Note.self)
        await #expect(throws: RPCError.self) { _ = try await chat.next() }
        #expect(lossy.startCount == 2)
        await #expect(throws: RPCError.self) { _ = try await client.ask(Instances.get, "a", options) }
        #expect(lossy.startCount == 5)
        lossy.stop()
        await instances.close(client)
    }

    @Test func aRelayDoesNotRetry() async throws {
        let count = Mutexed(0)
        var router = Router()
        router.unary(Instances.get) { _, _ in
            count.update { $0 += 1 }
            throw Self.down
        }
        let relayed = try await Relayed(innerRouter: router)
        let client = try relayed.outer.client()
        await #expect(throws: RPCError.self) {
            _ = try await client.ask(Instances.get, "a", CallOptions(retries: false))
        }
        #expect(count.value == 1)
        await relayed.close(client)
    }

    // MARK: Hedging

    @Test func aSlowInstanceIsHedged() async throws {
        let instances = try await Instances(2)
        let client = try instances.client()
        try await client.warmUp(instances, 0..<2)
        let gate = Gate()
        instances.behave(0) { note in
            guard note.key == "hedged" else { return note }
            do {
                try await EventLoop.current?.sleep(for: .seconds(60))
            } catch {
                await gate.signal("cancelled")
                throw error
            }
            return note
        }
        // Turns are fair, so one of two begins at the slow instance.
        let options = CallOptions(hedgeAfter: .milliseconds(20))
        for _ in 0..<2 { #expect(try await client.ask(Instances.get, "hedged", options).key == "hedged") }
        // One began there. On a busy machine the other one may have been hedged there too; each was cancelled.
        let attempts = instances.received[0].value.count { $0 == "hedged" }
        #expect((1...2).contains(attempts))
        await gate.wait(for: "cancelled", count: attempts)
        await instances.close(client)
    }

    @Test func writesAreNotHedged() async throws {
        let instances = try await Instances(2)
        let client = try instances.client()
        for index in 0..<2 {
            instances.behave(index) { note in
                try await EventLoop.current?.sleep(for: .milliseconds(200))
                return note
            }
        }
        let options = CallOptions(requestID: "r-1", hedgeAfter: .milliseconds(1))
        _ = try await client.ask(Instances.put, "a", options)
        #expect(instances.receivedCounts.reduce(0, +) == 1)
        await instances.close(client)
    }

    /// Nobody answers: hedges stop when the budget is used up.
    @Test func hedgesCostBudget() async throws {
        let instances = try await Instances(1)
        let client = try instances.client()
        _ = try await client.ask(Instances.get, "warm")
        let gate = Gate()
        instances.behave(0) { note in
            await gate.signal("came")
            await gate.wait(for: "opened")
            return note
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    let options = CallOptions(timeout: .seconds(60), hedgeAfter: .milliseconds(1))
                    _ = try? await client.ask(Instances.get, "a", options)
                }
            }
            // Answers wait until each call has had its hedge or was refused one, and until what was sent has come.
            var attempts = await client.statistics().attempts
            while (attempts[.hedge] ?? 0) + (attempts[.refused] ?? 0) < 30 {
                await Task.yield()
                attempts = await client.statistics().attempts
            }
            let hedges = Int(attempts[.hedge] ?? 0)
            #expect((1...13).contains(hedges))
            #expect(attempts[.retry] == nil && (attempts[.refused] ?? 0) > 0)
            await gate.wait(for: "came", count: 30 + hedges)
            await gate.signal("opened")
        }
        let received = instances.received[0].value.count { $0 == "a" }
        let hedges = await client.statistics().attempts[.hedge] ?? 0
        #expect(UInt64(received - 30) == hedges)
        await instances.close(client)
    }
}
