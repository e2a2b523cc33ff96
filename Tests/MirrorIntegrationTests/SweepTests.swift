import CoreMetrics
import CustomerContracts
import CustomerService
import Observability
import Reactor
import ServiceHost
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Work

/// What another instance wrote, which died before it did what follows.
@Suite struct SweepTests {
    private static func swept(
        _ world: Neighbours, _ body: (@Sendable (String) async throws -> Int64) async throws -> Void
    ) async throws {
        let tenant = world.customer.tenant.id
        let host = JobHost(
            try world.customer.definition.jobs(world.customer.engine), standing: [MirrorJobs(world.push).standing],
            world.customer.engine,
            tenants: { $0 == nil ? [tenant] : [] }, sweepPeriod: .milliseconds(200),
            loop: try #require(EventLoop.current),
            logger: world.customer.postgres.logger, metrics: NOOPMetricsHandler.instance)
        host.start()
        try await body { try await world.customer.number($0) }
        await host.drain()
    }

    /// Asks again and again: what is waited for is done by runners after counts of PostgreSQL, and nobody tells of it.
    private static func becomes(_ wanted: Int64, _ number: () async throws -> Int64) async throws -> Bool {
        let end = MonotonicTime.now() + 40_000_000_000
        while try await number() != wanted {
            guard MonotonicTime.now() < end else { return false }
            try await #require(EventLoop.current).sleep(for: .milliseconds(20))
        }
        return true
    }

    @Test func aJobOfAnotherInstanceIsDone() async throws {
        try await Neighbours.run { world in
            try await Self.swept(world) { number in
                let planned = "SELECT count(*) FROM {schema}.jobs WHERE name = 'housekeeping' AND ended_at IS NULL"
                let ended = "SELECT count(*) FROM {schema}.jobs WHERE name = 'housekeeping' AND ended_at IS NOT NULL"
                #expect(try await Self.becomes(1) { try await number(planned) })
                _ = try await world.customer.sql("UPDATE {schema}.jobs SET due_at = now() WHERE name = 'housekeeping'")
                #expect(try await Self.becomes(1) { try await number(ended) })
            }
        }
    }

    @Test func aChangeOfAnotherInstanceReachesTheMirror() async throws {
        try await Neighbours.run { world in
            try await Self.swept(world) { _ in
                func mirrored() async throws -> Int64 {
                    try await world.sales.number("SELECT count(*) FROM {schema}.account_mirror")
                }
                try await world.customer.create(Account(displayName: "Heard"))
                #expect(try await Self.becomes(1, mirrored))
                let databases = world.customer.postgres.databases(.customer)
                let other = try TestService(
                    CustomerService.definition, world.customer.postgres, world.customer.tenant, databases)
                other.adopt(world.customer)
                try await other.create(Account(displayName: "Unheard"))
                #expect(try await Self.becomes(2, mirrored))
                await databases.close(deadline: 0)
            }
        }
    }
}
