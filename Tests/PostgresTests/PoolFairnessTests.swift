import Tenancy
import TestSupport
import Testing

@testable import Postgres

/// What a tenant with much to do takes from others, in simulated time.
@Suite struct PoolFairnessTests {
    private typealias Client = PoolSimulation.Client
    private static let millisecond = PoolSimulation.millisecond

    private func tenants(_ count: Int, _ random: inout SeededGenerator) -> [TenantID] {
        (0..<count).map { _ in TenantID(RecordID(high: random.next(), low: random.next())) }
    }

    /// Eight batches of one tenant, one after the other at each of eight clients.
    private func batches(of tenant: TenantID, _ milliseconds: ClosedRange<UInt64>) -> [Client] {
        (0..<8).map { _ in client([tenant], milliseconds) }
    }

    private func client(_ tenants: [TenantID], _ milliseconds: ClosedRange<UInt64>) -> Client {
        Client(
            tenants: tenants,
            work: milliseconds.lowerBound * Self.millisecond...milliseconds.upperBound * Self.millisecond,
            rest: Self.millisecond / 2...Self.millisecond * 3 / 2)
    }

    /// Whatever its own calls take, and wherever its homes are: with one or two calls under way it finds a connection at once.
    @Test(arguments: 0..<20) func aTenantThatHasNothingWaitsForNoBatchOfAnother(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let both = tenants(2, &random)
        for (batch, call) in [(8...25, 1...2), (60...200, 4...10)] as [(ClosedRange<UInt64>, ClosedRange<UInt64>)] {
            for count in 1...2 {
                let others = (0..<count).map { _ in client([both[1]], call) }
                var simulation = PoolSimulation(others + batches(of: both[0], batch), seed: seed)
                simulation.run(until: 500 * Self.millisecond)
                for waits in simulation.waits.prefix(count) { #expect(waits.isEmpty) }
            }
        }
    }

    /// Tenants that are as small as each other share homes, and wait for each other's short work until their patience ends.
    @Test(arguments: 0..<20) func whoWaitsNearWaitsNoLongerThanHisPatience(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let all = tenants(4, &random)
        let others = all.dropFirst().map { client([$0], 4...10) }
        var simulation = PoolSimulation(others + batches(of: all[0], 60...200), seed: seed)
        simulation.run(until: 500 * Self.millisecond)
        for waits in simulation.waits.prefix(others.count) {
            #expect(waits.allSatisfy { $0 <= PoolLimits.patience })
        }
    }

    /// Half is in use as long as there is work for it, and the other half has never been touched when somebody comes.
    @Test(arguments: 0..<20) func aloneATenantHasHalf(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tenant = tenants(1, &random)[0]
        var simulation = PoolSimulation(batches(of: tenant, 8...25), seed: seed)
        simulation.run(until: 500 * Self.millisecond)
        #expect(simulation.leasedCountMinOfWaiting == PoolSimulation.size / 2)
        #expect(simulation.met.count == PoolSimulation.size / 2)
    }

    /// A connection knows few tenants beside such a one, too: each is known at its homes and where it goes when they are taken.
    @Test(arguments: 0..<20) func tenantsStayNearBesideBatches(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let all = tenants(101, &random)
        let others = (0..<3).map { _ in client(Array(all.dropFirst()), 1...2) }
        var simulation = PoolSimulation(others + batches(of: all[0], 60...200), seed: seed)
        simulation.run(until: 500 * Self.millisecond)
        let meetings = simulation.met.values.reduce(0) { $0 + $1.count }
        #expect(meetings < 400, "\(meetings) of 101 tenants in \(simulation.leaseCount) leases")
    }
}
