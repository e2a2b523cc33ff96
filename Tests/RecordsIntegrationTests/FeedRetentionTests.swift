import CoreMetrics
import CustomerContracts
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Records

/// What is too old is told no more, and who has not read it learns so.
@Suite struct FeedRetentionTests {
    private let day: Int64 = 86_400

    private func end(_ feeds: Feeds, afterDays days: Int64) async throws -> Bool {
        try await feeds.service.engine.transaction(
            as: feeds.program, doing: ActivityServiceMethods.createActivity, deadline: feeds.deadline,
            logger: feeds.service.postgres.logger
        ) { try await FeedRetention().step($0, now: .now().advanced(by: .seconds(days * day))) }
    }

    @Test func whatIsTooOldIsToldNoMore() async throws {
        try await Feeds.run { feeds in
            for _ in 0..<5 { try await feeds.createAccount() }
            let first = try await feeds.beginning()
            let part = try await feeds.read(first, limit: 2).cursor
            var whole = first
            #expect(try await feeds.drain(&whole).count == 5)
            try await feeds.settle(&whole)
            #expect(try await !end(feeds, afterDays: 29))
            #expect(try await end(feeds, afterDays: 31))
            #expect(try await !end(feeds, afterDays: 31))
            for old in [first, part] {
                let refused = try await refusal { try await feeds.read(old) }
                #expect(refused?.reason == "FEED_CURSOR_EXPIRED" && refused?.code == .outOfRange)
                #expect(refused?.details.map(\.value) == ["6"])
            }
            let id = try await feeds.createAccount()
            #expect(try await feeds.drain(&whole).map(\.recordID) == [id])
            var anew = try await feeds.beginning()
            #expect(try await feeds.drain(&anew).map(\.recordID) == [id])
            #expect(try await feeds.service.number("SELECT count(*) FROM {schema}.ledger") == 6)
        }
    }

    /// A consumer that has not come so far keeps events for as long again, and is told then.
    @Test func aConsumerHasTwiceTheTime() async throws {
        try await Feeds.run { feeds in
            for _ in 0..<5 { try await feeds.createAccount() }
            let consumer = FeedConsumer(
                "slow", of: feeds.feed, doing: ActivityServiceMethods.createActivity, from: .beginning, batchSize: 2,
                meter: FeedMeter(NOOPMetricsHandler.instance))
            func step() async throws -> FeedStep {
                try await consumer.step(
                    as: feeds.program, deadline: feeds.deadline, logger: feeds.service.postgres.logger
                ) {
                    _, _ in
                }
            }
            _ = try await step()
            #expect(try await !end(feeds, afterDays: 59))
            #expect(try await end(feeds, afterDays: 61))
            #expect(try await refusal { try await step() }?.reason == "FEED_CURSOR_EXPIRED")
            try await consumer.restart(as: feeds.program, from: feeds.now(), deadline: feeds.deadline)
            #expect(try await step() == .idle)
        }
    }
}
