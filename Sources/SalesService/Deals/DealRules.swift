import RPC
import Records
import SalesContracts
import Tenancy

/// What holds for a deal whoever writes it: it is in a living stage of its pipeline, its reason fits what that stage stands for,
/// and its history tells of each stage and reason.
enum DealRules {
    @Sendable static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        switch change.kind {
        case .create: try await enterFirst(change, transaction)
        case .update: try await keepReason(change, transaction)
        case .restore: try await comeBack(change, transaction)
        case .delete: return
        }
    }

    /// Tells the stage history of a new deal, of a move, and of another reason.
    @Sendable static func tellHistory(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let before = change.before?.value(Deal.self)
        let isTold = change.kind == .update && (change.changes("stage_id") || change.changes("outcome_reason"))
        guard change.kind == .create || isTold else { return }
        try StageHistory.record(change.value(Deal.self), since: before, transaction)
    }

    /// A deal comes back to where it was, so its stage must be there. Since a stage with deals, deleted ones included,
    /// keeps what it stands for, the reason fits still.
    private static func comeBack(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try await transaction.requireLiving(PipelineRecord.type, namedBy: "pipeline_id", of: change)
        try await transaction.requireLiving(StageRecord.type, namedBy: "stage_id", of: change)
    }

    /// Puts a new deal into its pipeline and stage: those given, or the default pipeline and its first open stage.
    private static func enterFirst(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        let stage = try await DealStage.entry(
            pipeline: change.after.id("pipeline_id"), stage: change.after.id("stage_id"), transaction)
        change.after.set("pipeline_id", stage.pipelineID)
        change.after.set("stage_id", stage.id)
        change.after.set("stage_enter_time", transaction.now)
        try setReason(change, in: stage, since: nil)
    }

    /// A deal that moves has the reason of its new outcome; otherwise the reason may be put right, and an open deal gets none, a lost
    /// one keeps one, which tells of the stage that it is in.
    private static func keepReason(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.changes("stage_id") || change.changes("outcome_reason"),
            let before = change.before?.value(Deal.self)
        else { return }
        try change.call.rights.requireReadable("stage_id")
        let ids = [DealStage.id(of: before), DealStage.id(of: change.value(Deal.self))]
        let stages = try await DealStage.find(ids, transaction)
        let from = DealStage.current(of: before, in: stages)
        let to = DealStage.current(of: change.value(Deal.self), in: stages)
        guard to.category != from.category || change.changes("outcome_reason") else { return }
        try setReason(change, in: to, since: (from.category, before.outcomeReason))
    }

    private static func setReason(
        _ change: RecordChange, in stage: DealStage, since before: DealOutcome.Before?
    ) throws {
        let reason = try DealOutcome.reason(
            change.after.text("outcome_reason") ?? "", in: stage.category, since: before)
        if let reason { change.after.set("outcome_reason", reason) } else { change.after.clear("outcome_reason") }
    }
}
