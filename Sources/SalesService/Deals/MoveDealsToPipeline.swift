import AccessControl
import Contracts
import Postgres
import RPC
import Records
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
            let selection = try await transaction.selection(DealRecord.type, for: .update)
            try await transaction.call(PipelineRecord.type).require(.read)
            try await transaction.call(StageRecord.type).require(.read)
            try await DealStage.requireReadable(transaction)
            try DealMove.requireWritable(
                selection.call, changesPipeline: true, givesReason: request.outcomeReason != nil)
            let map = try await StageMap(request, transaction)
            let deals = try await deals(of: map.pipelineID, selection, transaction)
            for deal in deals { try await move(deal, map, request.outcomeReason, transaction) }
            context.cost += UInt32(deals.count)
            return MoveDealsToPipelineResponse(
                movedCount: Int64(deals.count), remainingCount: try await remaining(map.pipelineID, transaction))
        }
    }

    private func deals(
        of pipeline: RecordID, _ selection: Selection, _ transaction: RecordTransaction
    ) async throws -> [LoadedRecord] {
        var parameters = selection.parameters
        parameters.append(pipeline)
        parameters.append(Int64(MoveDealsToPipeline.dealsMax))
        let place = parameters.count
        let text =
            "SELECT \(selection.columns) FROM {schema}.deals WHERE \(selection.predicate) "
            + "AND pipeline_id = $\(place - 1) ORDER BY id LIMIT $\(place) FOR UPDATE"
        return try await transaction.loaded(
            try await transaction.query(engine.statement(text), parameters), of: selection)
    }

    private func move(
        _ record: LoadedRecord, _ map: StageMap, _ reason: String?, _ transaction: RecordTransaction
    ) async throws {
        let (from, to) = try map.way(of: record.value(Deal.self))
        let losesNow = to.category == .lost && from.category != .lost
        _ = try await DealMove(transaction: transaction)(
            record, from: from, to: to, reason: losesNow ? reason : nil)
    }

    private func remaining(_ pipeline: RecordID, _ transaction: RecordTransaction) async throws -> Int64 {
        let selection = try await transaction.selection(DealRecord.type, for: .read)
        var parameters = selection.parameters
        parameters.append(pipeline)
        let text =
            "SELECT count(*) FROM {schema}.deals WHERE \(selection.predicate) AND pipeline_id = $\(parameters.count)"
        return try await transaction.query(engine.statement(text), parameters).one().int64(0)
    }
}
