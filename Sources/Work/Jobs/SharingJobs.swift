package import Contracts
package import Logging
package import RPC
package import Records
import Tenancy

/// SharingService of a service, and the job that ends its shares when their time has come.
package struct SharingJobs: Sendable {
    private let engine: RecordEngine

    package init(_ engine: RecordEngine) { self.engine = engine }

    private static let name = "end_shares"
    /// Until the clock of the database shows the time that this process's does.
    private static let pause = Duration.milliseconds(50)

    package func register(_ service: SharingServiceOf, on router: inout Router) {
        SharingMethods(engine) { ending, transaction in
            // Shares of a record that end together end by one job.
            let job = NewJob(
                Self.name, key: "\(ending.object)/\(ending.id.text)/\(ending.time.microseconds)", userID: nil,
                dueAt: ending.time, checkpoint: ending.bytes)
            _ = try await JobTable.insert(job, at: transaction.now, transaction)
        }.register(service, on: &router)
    }

    /// How long a step may take: it is bounded by its records.
    private static let stepTimeout = Duration.seconds(8)

    /// Has the records that are there bear the selections of sharing rules that are new.
    package func standing(_ service: SharingServiceOf, logger: Logger) -> StandingWork {
        let keeper = SharingKeeper(engine, doing: service.shareRecord, for: .applySharingRules, logger: logger)
        return StandingWork(
            "sharing_rules", step: { try await keeper.step($0, deadline: .after(Self.stepTimeout)) },
            left: { keeper.leave($0) })
    }

    package func definition(_ service: SharingServiceOf) -> JobDefinition {
        JobDefinition(
            named: Self.name, for: .endShares, doing: service.unshareRecord, attempts: JobAttempts(10)
        ) { run, transaction in
            guard let checkpoint = run.checkpoint, let ending = ShareEnding(bytes: checkpoint),
                try await !ending.step(transaction)
            else { return .done(JobProgress(done: run.progress.done + 1)) }
            return .waits(checkpoint: checkpoint, run.progress, pause: Self.pause)
        }
    }
}
