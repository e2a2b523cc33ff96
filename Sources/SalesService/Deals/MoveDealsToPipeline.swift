import AccessControl
import RPC
import Records
import SalesContracts
import Tenancy

/// Moves the deals of a pipeline to the stages of another, so many at a time.
struct MoveDealsToPipeline: Sendable {
    let engine: RecordEngine

    /// Most deals that one call moves: each is an update, a ledger row and a history row of one transaction, which other
    /// writers of these deals wait for.
    static let dealsMax = 500

    func callAsFunction(
        _ request: MoveDealsToPipelineRequest, _ context: CallContext
    ) async throws -> MoveDealsToPipelineResponse {
        try await engine.transaction(context, request: request) { transaction in
            let call = try await transaction.call(DealRecord.type)
            try call.require(.update)
            try await transaction.call(PipelineRecord.type).require(.read)
            try await transaction.call(StageRecord.type).require(.read)
            try await DealStage.requireReadable(transaction)
            try DealMove.requireWritable(
                call, changesPipeline: true, givesReason: request.outcomeReason != nil)
            let map = try await StageMap(request, transaction)
            let isLeaving = FilterNode.equal("pipeline_id", map.pipelineID)
            let deals = try await transaction.lock(
                DealRecord.type, for: .update, where: isLeaving, limit: MoveDealsToPipeline.dealsMax)
            for deal in deals { try await move(deal, map, request.outcomeReason, transaction) }
            context.cost += UInt32(deals.count)
            return MoveDealsToPipelineResponse(
                movedCount: Int64(deals.count),
                remainingCount: try await transaction.count(DealRecord.type, where: isLeaving))
        }
    }

    private func move(
        _ record: LoadedRecord, _ map: StageMap, _ reason: String?, _ transaction: RecordTransaction
    ) async throws {
        let (from, to) = try map.way(of: record.value(Deal.self))
        let losesNow = to.category == .lost && from.category != .lost
        _ = try await DealMove(transaction: transaction)(
            record, from: from, to: to, reason: losesNow ? reason : nil)
    }
}
