package import RPC
package import Records
package import Tenancy
import Text

/// A job of a service: what it is called, when it runs, what it may do, and its steps.
///
///     JobDefinition(
///         "forget_requests", for: .forgetRequests, doing: method, schedule: .daily(TimeOfDay(3)), missed: .once
///     ) { run, transaction in … }
package struct JobDefinition: Sendable {
    /// A step of a run.
    package typealias Body = @Sendable (JobRun, RecordTransaction) async throws -> JobStep
    /// A step of a run that calls other services, outside of any transaction.
    typealias Calls = @Sendable (JobRun, JobTransactions) async throws -> JobStep

    enum Step: Sendable {
        case transaction(Body)
        case calls(Calls)
    }

    /// Unique in the service, as in `forget_requests`. Rows of jobs are kept by it, so it stays.
    package let name: String
    package let purpose: Purpose
    /// The method that would do the same, for the ledger.
    package let method: MethodDefinition
    /// Nil for a job that runs when it is asked for.
    package let schedule: JobSchedule?
    /// Runs of different workspaces that have the same moment begin within so long after it, each at a place of its own.
    package let spread: Duration
    package let missed: MissedRuns
    package let attempts: JobAttempts
    /// How long the transaction of a step may take, with its commit. How long a step takes that calls other services, and so how long a cancel
    /// waits for it, is for their deadlines to say.
    package let stepTimeout: Duration
    /// UndoJob takes back what it changed.
    let isUndoable: Bool
    let step: Step
    /// Where a job goes on that is cancelled or has failed for good; nil when it ends there.
    let turnBack: Job.TurnBack
    /// What the step is called that a checkpoint stands at, the first one for an empty checkpoint; nil for jobs whose steps have no names.
    let stepName: @Sendable (_ checkpoint: [UInt8]) -> String?
    /// What a job was asked for, as any of its checkpoints tells it; nil for one that was asked for nothing.
    let summary: Summary

    typealias Summary = @Sendable (_ checkpoint: [UInt8]) throws -> String?

    /// - Parameter body: one step, in a transaction that also stores where the job goes on: what it does there happens once, whatever
    ///   happens to the process. What it does elsewhere (a message sent) may happen again.
    package init(
        _ name: StaticString, for purpose: Purpose, doing method: MethodDefinition, schedule: JobSchedule? = nil,
        spread: Duration = .zero, missed: MissedRuns = .once, attempts: JobAttempts = JobAttempts(5),
        stepTimeout: Duration = .seconds(10), _ body: @escaping Body
    ) {
        self.init(
            named: name.description, for: purpose, doing: method, schedule: schedule, spread: spread, missed: missed,
            attempts: attempts, stepTimeout: stepTimeout, body)
    }

    /// The same for jobs that each record type has.
    init(
        named name: String, for purpose: Purpose, doing method: MethodDefinition, schedule: JobSchedule? = nil,
        spread: Duration = .zero, missed: MissedRuns = .once, attempts: JobAttempts = JobAttempts(5),
        stepTimeout: Duration = .seconds(10), isUndoable: Bool = false,
        summary: @escaping Summary = { _ in nil }, _ body: @escaping Body
    ) {
        (self.name, self.purpose, self.method) = (name, purpose, method)
        (self.schedule, self.spread, self.missed, self.attempts) = (schedule, spread, missed, attempts)
        (self.stepTimeout, self.isUndoable, step) = (stepTimeout, isUndoable, .transaction(body))
        (turnBack, stepName, self.summary) = ({ _, _ in nil }, { _ in nil }, summary)
    }

    /// A job whose steps call other services. Where it goes on is stored after each step: a step that was cut off runs again, so what it
    /// calls has to do the same thing once.
    init(
        named name: String, for purpose: Purpose, doing method: MethodDefinition, schedule: JobSchedule? = nil,
        spread: Duration = .zero, attempts: JobAttempts, calling calls: @escaping Calls,
        turningBack turnBack: @escaping Job.TurnBack = { _, _ in nil },
        naming stepName: @escaping @Sendable ([UInt8]) -> String? = { _ in nil },
        summary: @escaping Summary = { _ in nil }
    ) {
        (self.name, self.purpose, self.method) = (name, purpose, method)
        (self.schedule, self.spread, missed, self.attempts) = (schedule, spread, .once, attempts)
        (stepTimeout, isUndoable, step) = (.seconds(10), false, .calls(calls))
        (self.turnBack, self.stepName, self.summary) = (turnBack, stepName, summary)
    }

    /// Its steps hold no row of it.
    var callsOthers: Bool {
        switch step {
        case .transaction: false
        case .calls: true
        }
    }

    /// The run of a moment of the schedule in a workspace.
    func run(at moment: Timestamp, in tenant: TenantID) -> NewJob {
        // The last bytes of an id are random.
        let place = tenant.id.bytes.suffix(2).reduce(0.0) { $0 * 256 + Double($1) } / 65_536
        return NewJob(name, scheduledAt: moment, delay: spread * place)
    }

    /// The run after one that has ended or is left out; nil for a job without a schedule, or without a further moment.
    func successor(of job: Job, at now: Timestamp, in zone: TimeZone) -> Timestamp? {
        guard let schedule, let moment = job.scheduledAt else { return nil }
        return missed.successor(
            of: moment, started: job.startedAt, at: now, schedule, in: zone)
    }
}

/// What a step gets to know of its job.
package struct JobRun: Sendable {
    package let id: RecordID
    package let tenantID: TenantID
    /// The moment of the schedule for which it runs; nil for a job that was asked for.
    package let scheduledAt: Timestamp?
    package let userID: UserID?
    /// What the step before gave; what the job was made with for the first one.
    package let checkpoint: [UInt8]?
    package let progress: JobProgress
    /// When it was first taken, or after it was asked to try again.
    package let startedAt: Timestamp
    /// By the runner's clock.
    package let now: Timestamp

    init(_ job: Job, of tenant: TenantID, at now: Timestamp) {
        (id, tenantID, scheduledAt, userID) = (job.id, tenant, job.scheduledAt, job.userID)
        (checkpoint, progress, startedAt, self.now) = (job.checkpoint, job.progress, job.startedAt ?? now, now)
    }
}
