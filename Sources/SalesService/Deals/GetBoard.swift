import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Gives a pipeline as a board. Everything counted, summed, ordered or shown is what the caller may read.
struct GetBoard: Sendable {
    let engine: RecordEngine

    private static let dealsPerStageDefault = 10
    private static let dealsPerStageMax = 100

    func callAsFunction(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
        // The columns tell the stage of every deal that the filter lets through, and the stages of the pipeline.
        try await engine.authorise(context, DealRecord.type, .read).rights.requireReadable("pipeline_id", "stage_id")
        let pipelines = try await engine.select(context, PipelineRecord.type)
        let stages = try await engine.select(context, StageRecord.type)
        try stages.call.rights.requireReadable("pipeline_id")
        let dealsPerStage = try dealsPerStage(request)
        let deals = try await engine.select(
            context, DealRecord.type, filter: request.filter, expression: request.filterExpression)
        let pipeline = try await pipeline(request.pipelineID, pipelines)
        let query = BoardQuery(
            pipeline: pipeline.id, stages: stages, deals: deals, dealsPerStage: dealsPerStage)
        let board = try await query.read(try await engine.snapshot(context, query.statements(engine)))
        return GetBoardResponse(pipelineID: pipeline.id.text, displayName: pipeline.name, columns: board)
    }

    private func dealsPerStage(_ request: GetBoardRequest) throws -> Int {
        let count = request.dealsPerStage.map(Int.init) ?? Self.dealsPerStageDefault
        guard (0...Self.dealsPerStageMax).contains(count) else {
            throw RPCError.invalidArgument(
                "OUT_OF_RANGE", "deals_per_stage is 0 to \(Self.dealsPerStageMax).", field: "deals_per_stage",
                domain: "sales")
        }
        return count
    }

    /// The pipeline named, or the default one, and its name as the caller may see it.
    private func pipeline(
        _ text: String?, _ selection: Selection
    ) async throws -> (id: RecordID, name: String?) {
        let id = text.flatMap { RecordID($0) }
        guard text == nil || id != nil else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "pipeline_id is a UUID.", field: "pipeline_id", domain: "sales")
        }
        // Which one is shown tells which one is the default.
        if id == nil { try selection.call.rights.requireReadable("default_pipeline") }
        var parameters = selection.parameters
        parameters.append(id)
        let slot = "$\(parameters.count)::uuid"
        let query =
            "SELECT \(selection.columns) FROM {schema}.pipelines WHERE \(selection.predicate) "
            + "AND CASE WHEN \(slot) IS NULL THEN default_pipeline ELSE id = \(slot) END"
        let rows = try await engine.read(selection.call.context, engine.statement(query), parameters)
        guard let pipeline = try await selection.records(rows, as: Pipeline.self).first,
            let found = pipeline.id.flatMap({ RecordID($0) })
        else { throw RPCError.notFound("PIPELINE_NOT_FOUND", "There is no such pipeline.", domain: "sales") }
        return (found, pipeline.displayName)
    }
}
