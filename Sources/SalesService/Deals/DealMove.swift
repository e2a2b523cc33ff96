import AccessControl
import RPC
import Records
import SalesContracts
import Tenancy
import Wire

/// Moves one deal to a stage, of its pipeline or of another, without a round trip of its own. The caller of it holds both stages and has asked for stage.read.
struct DealMove {
    let transaction: RecordTransaction

    /// Answers the deal as stored.
    ///
    /// - Parameters:
    ///   - from: the stage that the deal is in.
    ///   - reason: as in `DealOutcome.reason`.
    /// - Throws: PERMISSION_DENIED for a field that the caller may not write; what `DealOutcome` throws.
    func callAsFunction(
        _ record: LoadedRecord, from: DealStage, to stage: DealStage, reason: String?
    ) async throws -> Message {
        let deal = record.value(Deal.self)
        try DealMove.requireWritable(
            record.call, changesPipeline: from.pipelineID != stage.pipelineID, givesReason: reason != nil)
        var moved = deal
        moved.outcomeReason = try DealOutcome.reason(
            reason, in: stage.category, since: (from.category, deal.outcomeReason))
        if from.pipelineID != stage.pipelineID {
            try await transaction.call(PipelineRecord.type).require(.read)
        }
        if from.id != stage.id {
            moved.pipelineID = stage.pipelineID.text
            moved.stageID = stage.id.text
            moved.stageEnterTime = transaction.now
        }
        return try await transaction.update(record, to: moved, by: .program, holdsReferences: true)
    }

    /// A reason that goes because the outcome goes is not the caller's to write. That the pipeline may not be written tells
    /// that it would change.
    static func requireWritable(_ call: RecordCall, changesPipeline: Bool, givesReason: Bool) throws {
        try call.rights.requireReadable("pipeline_id")
        try call.rights.requireWritable(
            ["stage_id"] + (changesPipeline ? ["pipeline_id"] : []) + (givesReason ? ["outcome_reason"] : []))
    }
}
