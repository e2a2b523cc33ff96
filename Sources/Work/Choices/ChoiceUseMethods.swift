import AccessControl
package import Contracts
package import RPC
package import Records
import Tenancy

/// Serves ChoiceUseService: what records have an entry of a choice list, and the job that puts another one in its place. For identity, which keeps the
/// lists, in the name of who changes one.
package struct ChoiceUseMethods: ChoiceUseServiceCustomMethods {
    private let engine: RecordEngine
    private let merge: ChoiceMerge

    /// Longest time for the counts of a service, so that who asks gets those that were quick.
    private static let countTime = Duration.seconds(4)
    private static let jobName = "merge_choices"

    package init(_ engine: RecordEngine) throws { (self.engine, merge) = (engine, try ChoiceMerge(engine)) }

    package func countChoiceUses(
        _ request: CountChoiceUsesRequest, _ context: CallContext
    ) async throws -> CountChoiceUsesResponse {
        try requirePurpose(context)
        let deadline = min(context.deadline, .after(Self.countTime))
        return CountChoiceUsesResponse(uses: try await merge.count(request, context, deadline: deadline))
    }

    package func beginChoiceMerge(
        _ request: BeginChoiceMergeRequest, _ context: CallContext
    ) async throws -> BeginChoiceMergeResponse {
        try requirePurpose(context)
        return try await engine.transaction(context, request: request) { transaction in
            guard let checkpoint = try await merge.checkpoint(request, in: transaction) else {
                return BeginChoiceMergeResponse()
            }
            try await JobTable.requireRoom(for: transaction.actor.userID, transaction)
            let job = NewJob(
                Self.jobName, userID: transaction.actor.userID, dueAt: transaction.now, checkpoint: checkpoint)
            return BeginChoiceMergeResponse(
                jobID: try await JobTable.insert(job, at: transaction.now, transaction).bytes)
        }
    }

    /// The job: each step with the rights that its user has then.
    package static func job(_ engine: RecordEngine) throws -> JobDefinition {
        let merge = try ChoiceMerge(engine)
        return JobDefinition(
            named: jobName, for: .mergeChoices, doing: ChoiceUseServiceMethods.beginChoiceMerge, isUndoable: true,
            summary: ChoiceMerge.summary
        ) { run, transaction in
            let done = try await merge.step(run.checkpoint ?? [], run.progress.report, in: transaction)
            let progress = JobProgress(done: done.report.doneCount, report: done.report)
            return done.checkpoint.map { .goesOn(checkpoint: $0, progress) } ?? .done(progress)
        }
    }

    /// Whoever else comes by a proof of a program's call changes nothing by it.
    private func requirePurpose(_ context: CallContext) throws {
        guard case .program(.mergeChoices, .some) = try context.requireTenantActor().actor else {
            throw RPCError.permissionDenied(
                "PURPOSE_MISSING", "Entries of a choice list are merged by identity, for a user.", domain: "jobs")
        }
    }
}
