import CoreMetrics
import CustomerContracts
import Observability
import Postgres
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// Each event has its effect once, whatever ends a consumer.
@Suite struct FeedConsumerTests {
    private struct Killed: Error {}

    private func consumer(
        _ feeds: Feeds, from start: FeedStart = .beginning, meter: FeedMeter = FeedMeter(NOOPMetricsHandler.instance)
    ) -> FeedConsumer {
        FeedConsumer(
            "test", of: feeds.feed, doing: ActivityServiceMethods.createActivity, from: start, batchSize: 3,
            meter: meter)
    }

    private func step(
        _ consumer: FeedConsumer, _ feeds: Feeds, _ after: (RecordTransaction) async throws -> Void = { _ in }
    ) async throws -> FeedStep {
        try await consumer.step(as: feeds.program, deadline: feeds.deadline, logger: feeds.service.postgres.logger) {
            transaction, events in
            for event in events where event.object == "account" {
                let activity = Activity(
                    ownerID: feeds.service.admin.id.text, kind: .note, subject: "\(event.recordID) \(event.version)")
                try await transaction.insert(SampleService.activity, activity, by: .caller)
            }
            try await after(transaction)
        }
    }

    /// Steps until nothing is left to do.
    private func run(_ consumer: FeedConsumer, _ feeds: Feeds) async throws {
        while try await step(consumer, feeds) != .idle {}
    }

    private func effects(_ feeds: Feeds) async throws -> [String] {
        try await feeds.service.sql("SELECT subject FROM {schema}.activities ORDER BY subject").map { try $0.string(0) }
    }

    private func makeAccounts(_ feeds: Feeds, _ count: Int) async throws -> [String] {
        var subjects: [String] = []
        for _ in 0..<count { subjects.append("\(try await feeds.createAccount()) 1") }
        return subjects
    }

    @Test func aConsumerThatIsKilledGoesOnWhereItWas() async throws {
        try await Feeds.run { feeds in
            let consumer = consumer(feeds)
            let subjects = try await makeAccounts(feeds, 8)
            #expect(try await step(consumer, feeds) == .advanced(events: 0, isCaughtUp: false))
            #expect(try await step(consumer, feeds) == .advanced(events: 3, isCaughtUp: false))
            await #expect(throws: Killed.self) { _ = try await step(consumer, feeds) { _ in throw Killed() } }
            #expect(try await effects(feeds).count == 3)
            let lost = try await refusal {
                try await step(consumer, feeds) { transaction in
                    let pid = try await transaction.query(Statement("SELECT pg_backend_pid()")).one().int32(0)
                    _ = try await feeds.service.postgres.rows("SELECT pg_terminate_backend(\(pid), 5000)")
                }
            }
            #expect(lost?.code == .unavailable)
            #expect(try await effects(feeds).count == 3)
            try await run(consumer, feeds)
            #expect(try await effects(feeds) == subjects.sorted())
        }
    }

    @Test func severalInstancesShareTheWork() async throws {
        try await Feeds.run(poolSize: 20) { feeds in
            let subjects = try await makeAccounts(feeds, 40)
            let consumer = consumer(feeds)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { try await run(consumer, feeds) } }
                try await group.waitForAll()
            }
            try await run(consumer, feeds)
            #expect(try await effects(feeds) == subjects.sorted())
        }
    }

    /// While one works, another does nothing and does not wait.
    @Test func whoFindsAnotherAtWorkLeavesItToHim() async throws {
        try await Feeds.run { feeds in
            let consumer = consumer(feeds)
            _ = try await makeAccounts(feeds, 2)
            _ = try await step(consumer, feeds)
            let first = try await step(consumer, feeds) { _ in
                let other = try await step(consumer, feeds)
                #expect(other == .elsewhere)
            }
            #expect(first == .advanced(events: 2, isCaughtUp: true))
            #expect(try await effects(feeds).count == 2)
        }
    }

    /// Who has nothing to do writes nothing: its own effects, of a kind that it does not read, move its place and no more.
    @Test func anIdleConsumerWritesNothing() async throws {
        try await Feeds.run { feeds in
            let consumer = consumer(feeds)
            _ = try await makeAccounts(feeds, 2)
            try await run(consumer, feeds)
            let look = "SELECT cursor, updated_at::text, xmin::text FROM {schema}.feed_consumers"
            let before = try await feeds.service.sql(look).one().string(2)
            for _ in 0..<3 { #expect(try await step(consumer, feeds) == .idle) }
            #expect(try await feeds.service.sql(look).one().string(2) == before)
        }
    }

    @Test func aNewConsumerBeginsWhereItIsTold() async throws {
        try await Feeds.run { feeds in
            _ = try await makeAccounts(feeds, 2)
            let consumer = consumer(feeds, from: .now)
            try await run(consumer, feeds)
            let later = try await makeAccounts(feeds, 2)
            try await run(consumer, feeds)
            #expect(try await effects(feeds) == later.sorted())
            try await consumer.restart(as: feeds.program, from: feeds.beginning(), deadline: feeds.deadline)
            try await run(consumer, feeds)
            #expect(try await effects(feeds).count == 6)
        }
    }

    @Test func metricsTellHowFarItIsBehind() async throws {
        try await Feeds.run { feeds in
            let registry = PrometheusRegistry()
            let consumer = consumer(feeds, meter: FeedMeter(registry))
            _ = try await makeAccounts(feeds, 5)
            _ = try await step(consumer, feeds)
            try await consumer.measure(as: feeds.program, deadline: feeds.deadline)
            #expect(registry.exposition().contains("steward_feed_backlog{consumer=\"test\"} 5"))
            try await run(consumer, feeds)
            let text = registry.exposition()
            #expect(text.contains("steward_feed_backlog{consumer=\"test\"} 0"))
            #expect(text.contains("steward_feed_events_total{consumer=\"test\"} 5"))
            #expect(text.contains("steward_feed_lag_seconds_count{consumer=\"test\"} 2"))
        }
    }
}
