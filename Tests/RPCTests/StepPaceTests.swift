import Testing

@testable import RPC

/// Clients on a simulated clock.
@Suite struct StepPaceTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func aSecondsWorthComesAtOnceThenOneByOne() {
        var pace = StepPace(perSecond: 200)
        for _ in 0..<200 { #expect(pace.take(at: 7) == 0) }
        #expect(pace.take(at: 7) == Self.second / 200)
        #expect(pace.take(at: 7) == Self.second / 100)
        #expect(!pace.isFull(at: Self.second + 7))
        #expect(pace.isFull(at: 2 * Self.second))
        for _ in 0..<200 { #expect(pace.take(at: 5 * Self.second) == 0) }
        #expect(pace.take(19, at: 5 * Self.second) > 0, "long steps count as many")
    }

    /// How many steps clients take in a minute that take the next as soon as they have waited.
    private func steps(of clients: Int) -> Int {
        var pace = StepPace(perSecond: 200)
        var next = [UInt64](repeating: 0, count: clients)
        var count = 0
        for now in stride(from: 0, to: 60 * Self.second, by: 5_000_000) {
            for client in next.indices where next[client] <= now {
                next[client] = now + max(pace.take(at: now), 1)
                count += 1
            }
        }
        return count
    }

    /// All that one address may have at a gateway with two loops, and many more from many addresses.
    @Test func theClientsMayBeAnyNumber() {
        for clients in [1, 6, 200, 2_000] { #expect(steps(of: clients) <= 61 * 200 + clients, "\(clients)") }
        // One at once, then one in ten seconds each.
        #expect(steps(of: 8_000) <= 7 * 8_000)
    }

    @Test func nobodyIsToldToWaitForLongerThanTheBound() {
        var pace = StepPace(perSecond: 1)
        #expect(pace.take(1_000, at: 0) == StepPace.waitMax)
        #expect(pace.take(at: 0) == StepPace.waitMax)
        #expect(pace.take(at: StepPace.waitMax) <= Self.second)
    }
}
