package import Contracts
import RPC
package import Records
import Tenancy

/// What a service does for mirrors that others have of its records.
package struct MirrorJobs: Sendable {
    private let push: MirrorPush

    /// How long a step may take: it is bounded by its records.
    private static let stepTimeout = Duration.seconds(8)

    package init(_ push: MirrorPush) { self.push = push }

    /// Tells what has changed, as it changes.
    package var standing: StandingWork {
        StandingWork(push.feed.name) { [push] tenant in
            try await push.step(tenant, deadline: .after(Self.stepTimeout)) == .advanced
        } failed: { [push] tenant in
            // When it cannot be measured, the next look says so.
            try? await push.measure(tenant, deadline: .after(Self.stepTimeout))
        } left: { [push] in
            push.forget($0)
        }
    }

    /// Compares all records with the mirror each night, and heals it.
    package func comparison(_ service: JobServiceOf) -> JobDefinition {
        JobDefinition(
            named: "compare_\(push.feed.name)", for: .mirrorRecords, doing: service.runJob,
            schedule: .daily(TimeOfDay(1)), spread: .seconds(4 * 3600), attempts: JobAttempts(10),
            calling: compare)
    }

    private func compare(_ run: JobRun, _: JobTransactions) async throws -> JobStep {
        let last = run.checkpoint.flatMap { RecordID(bytes: $0) }
        let page = try await push.compare(run.tenantID, after: last, deadline: .after(Self.stepTimeout))
        guard let page else {
            return .waits(checkpoint: run.checkpoint ?? [], run.progress, pause: .seconds(1))
        }
        let report = JobReport(
            changedCount: (run.progress.report.changedCount ?? 0) + Int64(page.healedCount),
            unchangedCount: (run.progress.report.unchangedCount ?? 0) + Int64(page.equalCount))
        let progress = JobProgress(
            done: run.progress.done + Int64(page.healedCount + page.equalCount), report: report)
        guard let next = page.next else { return .done(progress) }
        return .goesOn(checkpoint: next.bytes, progress)
    }
}
