import AccessControl
import RPC
import Records
import SalesContracts
import Tenancy

/// Moves a deal to another stage, of its pipeline or of another.
struct MoveDealStage: Sendable {
    let engine: RecordEngine

    func callAsFunction(_ request: MoveDealStageRequest, _ context: CallContext) async throws -> MoveDealStageResponse {
        try await engine.transaction(context, request: request) { transaction in
            try await transaction.call(DealRecord.type).require(.update)
            try await transaction.call(StageRecord.type).require(.read)
            try await DealStage.requireReadable(transaction)
            let (stageID, version) = try target(of: request)
            let record = try await transaction.load(DealRecord.type, id: request.id, for: .update, version: version)
            let deal = record.value(Deal.self)
            let stages = try await DealStage.find([DealStage.id(of: deal), stageID], transaction)
            let stored = try await DealMove(transaction: transaction)(
                record, from: DealStage.current(of: deal, in: stages), to: try DealStage.living(stages[stageID]),
                reason: request.outcomeReason)
            return MoveDealStageResponse(deal: transaction.present(stored, as: Deal.self))
        }
    }

    private func target(of request: MoveDealStageRequest) throws -> (stage: RecordID, version: Int64) {
        guard let stage = request.stageID.flatMap({ RecordID($0) }) else {
            throw RPCError.invalidArgument(
                "REQUIRED", "Name the stage to move to, by its id.", field: "stage_id", domain: "sales")
        }
        guard let version = request.version else {
            throw RPCError.invalidArgument(
                "REQUIRED", "Send the version of the deal that was read, so that no other move is lost.",
                field: "version", domain: "sales")
        }
        return (stage, version)
    }
}
