package import Contracts
import RPC
package import Records
import Tenancy

/// What a service does so that its records are found.
package struct SearchJobs: Sendable {
    private let keeper: SearchKeeper

    /// How long a step may take: it is bounded by its records.
    private static let stepTimeout = Duration.seconds(8)

    package init(_ engine: RecordEngine) { keeper = SearchKeeper(engine) }

    /// Keeps the entries as records change.
    package var standing: StandingWork {
        StandingWork("search") { [keeper] tenant in
            try await keeper.step(tenant, deadline: .after(Self.stepTimeout))
        }
    }

    /// Compares all entries with their records each night, and heals them: after values that came before this program knew of their field.
    package func comparison(_ service: JobServiceOf) -> JobDefinition {
        JobDefinition(
            named: "compare_search", for: .indexRecords, doing: service.runJob, schedule: .daily(TimeOfDay(1)),
            spread: .seconds(4 * 3600), attempts: JobAttempts(10), calling: compare)
    }

    private func compare(_ run: JobRun, _: JobTransactions) async throws -> JobStep {
        let last = run.checkpoint.flatMap(Self.place)
        let page = try await keeper.compare(run.tenantID, after: last, deadline: .after(Self.stepTimeout))
        let report = JobReport(
            changedCount: (run.progress.report.changedCount ?? 0) + Int64(page.healedCount),
            unchangedCount: (run.progress.report.unchangedCount ?? 0) + Int64(page.equalCount))
        let progress = JobProgress(
            done: run.progress.done + Int64(page.healedCount + page.equalCount), report: report)
        guard let next = page.next else { return .done(progress) }
        return .goesOn(checkpoint: next.id.bytes + Array(next.object.utf8), progress)
    }

    /// The id, and behind it the kind.
    private static func place(_ checkpoint: [UInt8]) -> (object: String, id: RecordID)? {
        RecordID(bytes: Array(checkpoint.prefix(16))).map {
            (String(decoding: checkpoint.dropFirst(16), as: UTF8.self), $0)
        }
    }
}
