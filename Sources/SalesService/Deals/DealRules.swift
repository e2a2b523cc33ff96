import Contracts
import RPC
import Records
import Tenancy

/// What holds for a deal whichever standard method writes it: it is in a living stage of its pipeline, and its reason fits
/// what that stage stands for.
enum DealRules {
    @Sendable static func keep(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        switch change.kind {
        case .create: try await enterFirst(change, transaction)
        case .update: try await keepReason(change, transaction)
        case .delete, .restore: return
        }
    }

    /// A deal comes back to where it was, so its stage must be there. Since a stage with deals, deleted ones included,
    /// keeps what it stands for, the reason fits still.
    @Sendable static func comeBack(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.kind == .restore else { return }
        try await transaction.requireLiving(PipelineRecord.type, namedBy: "pipeline_id", of: change)
        try await transaction.requireLiving(StageRecord.type, namedBy: "stage_id", of: change)
    }

    /// Begins the stage history of a new deal.
    @Sendable static func recordFirst(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        try StageHistory.record(change.value(Deal.self), since: nil, transaction)
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

    /// The reason of an outcome may be put right, and the history tells; an open deal gets none, a lost one keeps one, which
    /// tells of the stage that it is in.
    private static func keepReason(_ change: RecordChange, _ transaction: RecordTransaction) async throws {
        guard change.changes("outcome_reason"), let before = change.before?.value(Deal.self) else { return }
        try change.call.rights.requireReadable("stage_id")
        let stage = DealStage.current(
            of: before, in: try await DealStage.find([DealStage.id(of: before)], transaction))
        try setReason(change, in: stage, since: (stage.category, before.outcomeReason))
        try StageHistory.record(change.value(Deal.self), since: before, transaction)
    }

    private static func setReason(
        _ change: RecordChange, in stage: DealStage, since before: DealOutcome.Before?
    ) throws {
        let reason = try DealOutcome.reason(
            change.after.text("outcome_reason") ?? "", in: stage.category, since: before,
            field: "deal.outcome_reason")
        if let reason { change.after.set("outcome_reason", reason) } else { change.after.clear("outcome_reason") }
    }
}
