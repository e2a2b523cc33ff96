import AccessControl
import Contracts
import RPC
import Records
import Tenancy

/// Moves a deal to another stage of its pipeline.
struct MoveDealStage: Sendable {
    let engine: RecordEngine

    func callAsFunction(_ request: MoveDealStageRequest, _ context: CallContext) async throws -> MoveDealStageResponse {
        try await engine.transaction(context, request: request) { transaction in
            let record = try await transaction.load(
                DealRecord.type, id: request.id, for: .update, version: try version(request))
            let written = ["stage_id"] + (request.outcomeReason == nil ? [] : ["outcome_reason"])
            try DealFieldRights.requireWritable(written, record.call.access)
            guard let stageID = request.stageID.flatMap({ RecordID($0) }) else {
                throw RPCError.invalidArgument(
                    "REQUIRED", "Name the stage to move to, by its id.", field: "stage_id", domain: "sales")
            }
            let stage = try await DealStage.find(stageID, transaction)
            let deal = record.value(Deal.self)
            let moved = try moved(deal, to: stage, reason: request.outcomeReason, at: transaction.now)
            guard let moved else {
                return MoveDealStageResponse(deal: transaction.present(record.message, as: Deal.self))
            }
            let stored = try await transaction.update(record, to: moved)
            try recordMove(of: deal, to: stage, transaction)
            return MoveDealStageResponse(deal: transaction.present(stored, as: Deal.self))
        }
    }

    private func version(_ request: MoveDealStageRequest) throws -> Int64 {
        guard let version = request.version else {
            throw RPCError.invalidArgument(
                "REQUIRED", "Send the version of the deal that was read, so that no other move is lost.",
                field: "version", domain: "sales")
        }
        return version
    }

    /// The deal in its new stage; nil when it is in that stage already.
    private func moved(_ deal: Deal, to stage: DealStage, reason: String?, at time: Timestamp) throws -> Deal? {
        guard deal.pipelineID == stage.pipelineID.text else {
            throw RPCError.failedPrecondition(
                "STAGE_NOT_IN_PIPELINE", "The stage belongs to another pipeline; choose a stage of the deal's.",
                domain: "sales")
        }
        guard deal.stageID != stage.id.text else { return nil }
        var moved = deal
        moved.stageID = stage.id.text
        moved.stageEnterTime = time
        if let reason { moved.outcomeReason = reason.isEmpty ? nil : reason }
        if stage.category == .lost, moved.outcomeReason == nil {
            throw RPCError.invalidArgument(
                "REQUIRED", "Say why the deal was lost.", field: "outcome_reason", domain: "sales")
        }
        return moved
    }

    private func recordMove(of deal: Deal, to stage: DealStage, _ transaction: RecordTransaction) throws {
        guard let id = deal.id.flatMap({ RecordID($0) }) else { return }
        let seconds = deal.stageEnterTime.map { (transaction.now.microseconds - $0.microseconds) / 1_000_000 }
        try DealStage.record(
            deal: id, from: deal.stageID.flatMap { RecordID($0) }, to: stage.id, seconds: seconds.map { max(0, $0) },
            transaction)
    }
}
