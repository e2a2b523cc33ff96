package import Contracts
import CoreMetrics
import RPC
import Records
import ServiceHost
import Synchronization
import Tenancy
import TestPostgres
import Text
import Work

/// The nights of a service in which deleted records are removed for good.
package struct Purging: Sendable {
    private let service: TestService
    private let methods: JobServiceOf

    package init(_ service: TestService) {
        self.service = service
        methods = JobServiceOf(package: "steward.\(service.definition.name).v1")
    }

    /// To the database all that was written so far is more than 30 days old, and told by the feed no more.
    package func age() async throws {
        let schema = service.tenant.schema(service.definition.name).name
        _ = try await service.postgres.rows(
            "UPDATE \(schema).ledger_marks SET position = (SELECT coalesce(max(position), 0) FROM \(schema).ledger)")
        try await endFeed()
    }

    /// Readers of the feed have had all that was written so far.
    package func endFeed() async throws {
        try await service.sql(
            "UPDATE {schema}.meta SET feed_floor = (SELECT coalesce(max(position), 0) FROM {schema}.ledger)")
    }

    /// A night so many days from now.
    ///
    /// - Returns: its job at the end.
    @discardableResult package func night(after days: Int64) async throws -> Contracts.Job {
        guard let zone = TimeZone("UTC") else { preconditionFailure("there is no UTC") }
        // The next run of the schedule is made today, and asked for in so many days.
        let isPlanted = Mutex(false)
        let clock = JobClock(
            now: { Timestamp.now().advanced(by: .seconds(isPlanted.withLock { $0 } ? 86_400 * days : 0)) },
            sleep: { _ in })
        let runner = JobRunner(
            try service.definition.jobs(service.engine).filter { $0.name == PurgeDeleted.jobName }, service.engine,
            clock: clock, zone: { _ in zone }, jitter: { 0 }, meter: JobMeter(NOOPMetricsHandler.instance),
            logger: service.postgres.logger)
        runner.wake(service.tenant.id)
        await runner.settle()
        isPlanted.withLock { $0 = true }
        let channel = service.channel()
        let run: RunJobResponse = try await channel.call(
            methods.runJob, RunJobRequest(name: PurgeDeleted.jobName), CallOptions())
        runner.wake(service.tenant.id)
        await runner.settle()
        let answer: GetJobResponse = try await channel.call(
            methods.getJob, GetJobRequest(id: run.job?.id), CallOptions())
        return answer.job ?? Contracts.Job()
    }
}

extension Contracts.Job {
    /// How many records of a kind are gone.
    package func purged(_ object: String) -> Int64 { kind(object)?.changedCount ?? 0 }

    /// How many stayed, by the reason.
    package func kept(_ object: String) -> [String: Int64] {
        let refusals = kind(object)?.refusals ?? []
        return Dictionary(refusals.map { ($0.reason ?? "", $0.count ?? 0) }, uniquingKeysWith: +)
    }

    private func kind(_ object: String) -> KindReport? { report?.kinds.first { $0.object == object } }
}
