import AccessControl
import Contracts
import CoreMetrics
import CustomerContracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Text

@testable import Work

/// A service with jobs whose steps each make an activity, by a clock that the test puts forward.
final class Jobs: Sendable {
    static let purpose = Purpose("count", needs: "activity.create")
    static let start = Timestamp(seconds: 1_772_323_200)  // 2026-03-01T00:00:00Z

    let service: TestService
    private let time = Mutex(Jobs.start)
    let limits: JobLimits
    /// Runs of schedules, in order.
    let moments = Mutex<[String]>([])

    static func run(
        _ limits: JobLimits = JobLimits(), _ body: @escaping @Sendable (Jobs) async throws -> Void
    ) async throws {
        try await TestService.run(SampleService.definition) { try await body(Jobs($0, limits)) }
    }

    init(_ service: TestService, _ limits: JobLimits) { (self.service, self.limits) = (service, limits) }

    var tenant: TenantID { service.tenant.id }
    var now: Timestamp { time.withLock { $0 } }
    func advance(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }

    /// - Parameter clock: nil for the test's own, by which nobody sleeps.
    func runner(_ definitions: JobDefinition..., clock: JobClock? = nil) throws -> JobRunner {
        let zone = try #require(TimeZone("Europe/Berlin"))
        let own = JobClock(now: { self.now }, sleep: { _ in })
        return JobRunner(
            definitions, service.engine, limits: limits, clock: clock ?? own, zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: service.postgres.logger)
    }

    /// So many steps, each of which makes an activity with the job's id and its number.
    func counting(
        _ steps: Int, attempts: JobAttempts = JobAttempts(3),
        before: @escaping @Sendable (Int) async throws -> Void = { _ in },
        after: @escaping @Sendable (Int, RecordTransaction) async throws -> Void = { _, _ in }
    ) -> JobDefinition {
        let owner = service.admin.id.text
        return JobDefinition(
            "count", for: Self.purpose, doing: ActivityServiceMethods.createActivity, attempts: attempts
        ) { run, transaction in
            let step = Int(run.checkpoint?.first ?? 0)
            try await before(step)
            _ = try await transaction.insert(
                SampleService.activity, Activity(ownerID: owner, kind: .call, subject: "\(run.id) \(step)"), by: .caller
            )
            try await after(step, transaction)
            let progress = JobProgress(done: Int64(step + 1), total: Int64(steps))
            return step + 1 < steps ? .goesOn(checkpoint: [UInt8(step + 1)], progress) : .done(progress)
        }
    }

    func scheduled(_ schedule: JobSchedule, _ missed: MissedRuns) -> JobDefinition {
        JobDefinition(
            "tell", for: Self.purpose, doing: ActivityServiceMethods.createActivity, schedule: schedule, missed: missed
        ) { run, _ in
            self.moments.withLock { $0.append(run.scheduledAt?.text ?? "-") }
            return .done(JobProgress(done: 1))
        }
    }

    @discardableResult
    func make(
        _ name: String = "count", key: String? = nil, for user: UserID? = nil, after wait: Duration = .zero,
        in tenant: TenantID? = nil, checkpoint: [UInt8]? = nil
    ) async throws -> RecordID {
        let job = NewJob(name, key: key, userID: user, dueAt: now.advanced(by: wait), checkpoint: checkpoint)
        return try await transaction(in: tenant) { try await JobTable.insert(job, at: self.now, $0) }
    }

    func transaction<Value: Sendable>(
        in tenant: TenantID? = nil, _ body: (RecordTransaction) async throws -> Value
    ) async throws -> Value {
        try await service.engine.transaction(
            as: TenantActor(tenant ?? self.tenant, purpose: Self.purpose, onBehalfOf: nil),
            doing: ActivityServiceMethods.createActivity, deadline: .after(.seconds(20)),
            logger: service.postgres.logger, body)
    }

    func settle(_ runner: JobRunner) async {
        runner.wake(tenant)
        await runner.settle()
    }

    func job(_ id: RecordID) async throws -> Work.Job {
        let job = try await JobTable(service.database).find(
            id, as: service.tenant.actor, deadline: TestPostgres.deadline())
        return try #require(job)
    }

    func cancel(_ id: RecordID) async throws -> Bool {
        try await transaction { try await JobTable.cancel(id, at: self.now, $0) != nil }
    }

    func retry(_ id: RecordID) async throws -> Bool {
        try await transaction { try await JobTable.retry(id, at: self.now, $0) != nil }
    }

    /// The steps of a job that had their effect, in order, each as often as it had it.
    func steps(of id: RecordID) async throws -> [Int] {
        try await service.sql(
            "SELECT subject FROM {schema}.activities WHERE subject LIKE '\(id) %' ORDER BY length(subject), 1"
        )
        .compactMap { try Int($0.string(0).split(separator: " ")[1]) }
    }
}
