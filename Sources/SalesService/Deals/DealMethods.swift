import RPC
import Records
import SalesContracts

/// The methods of deals beside the standard ones.
struct DealMethods: DealServiceCustomMethods {
    let engine: RecordEngine

    func moveDealStage(_ request: MoveDealStageRequest, _ context: CallContext) async throws -> MoveDealStageResponse {
        try await MoveDealStage(engine: engine)(request, context)
    }

    func moveDealsToPipeline(
        _ request: MoveDealsToPipelineRequest, _ context: CallContext
    ) async throws -> MoveDealsToPipelineResponse {
        try await MoveDealsToPipeline(engine: engine)(request, context)
    }

    func listStageHistory(
        _ request: ListStageHistoryRequest, _ context: CallContext
    ) async throws -> ListStageHistoryResponse {
        try await ListStageHistory(engine: engine)(request, context)
    }

    func getBoard(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
        try await GetBoard(engine: engine)(request, context)
    }
}
