import AccessControl
import CoreMetrics
import CustomerContracts
import Observability
import Reactor
import ServiceHost
import TestPostgres
import TestService
import Testing
import Work

/// What is removed for good in one service goes from the other, too.
@Suite struct MirrorPurgeTests {
    /// Soon, not when the next look is due, five minutes later.
    @Test func aPurgedAccountLeavesTheMirrorAtOnce() async throws {
        try await Neighbours.run { world in
            let customer = world.customer
            customer.set(WorkspaceSettings(deletedRecordsKeptDays: 30))
            let loop = try #require(EventLoop.current)
            let standing = JobHost(
                [], standing: [MirrorJobs(world.push).standing], customer.engine, tenants: { _ in [] }, loop: loop,
                logger: customer.postgres.logger, metrics: NOOPMetricsHandler.instance)
            standing.start()
            func mirror(is count: Int64) async throws -> Bool {
                let end = MonotonicTime.now() + 20_000_000_000
                while try await world.sales.number("SELECT count(*) FROM {schema}.account_mirror") != count {
                    guard MonotonicTime.now() < end else { return false }
                    try await loop.sleep(for: .milliseconds(5))
                }
                return true
            }
            try await customer.create(Account(displayName: "Kept"))
            try await customer.delete(try await customer.create(Account(displayName: "Gone")))
            #expect(try await mirror(is: 2))
            let purging = Purging(customer)
            try await purging.age()
            #expect(try await purging.night(after: 31).purged("account") == 1)
            #expect(try await mirror(is: 1))
            try await world.expectEqual()
            await standing.drain()
        }
    }
}
