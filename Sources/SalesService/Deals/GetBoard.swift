import RPC
import Records
import SalesContracts
import Tenancy

/// Gives a pipeline as a board: its stages, how many deals each has and what they are worth, and the first of them. Everything
/// counted, summed, ordered or shown is what the caller may read.
struct GetBoard: Sendable {
    let engine: RecordEngine

    private static let dealsPerStageDefault = 10
    private static let dealsPerStageMax = 100
    private static let stagesMax = 1000

    func callAsFunction(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
        let query = try await RecordQuery(
            engine, context, reading: DealRecord.type, PipelineRecord.type, StageRecord.type)
        // The columns tell the stage of every deal that the filter lets through, and the stages of the pipeline.
        try query.rights(DealRecord.type).requireReadable("pipeline_id", "stage_id")
        try query.rights(StageRecord.type).requireReadable("pipeline_id")
        let dealsPerStage = try dealsPerStage(request)
        // A wrong filter is told before anything is looked up.
        let asked = try await query.select(
            DealRecord.type, filter: request.filter, expression: request.filterExpression)
        let pipeline = try await pipeline(request.pipelineID, query)
        let inPipeline = FilterNode.equal("pipeline_id", pipeline.id)
        let stages = try await query.select(StageRecord.type, where: inPipeline)
        let deals = try asked.and(inPipeline)
        let (columns, totals, first) = try await query.answers(
            stages.all(
                Stage.self, by: stages.call.rights.mayRead("position") ? ["position"] : [],
                countMax: Self.stagesMax),
            StageTotals.question(deals),
            deals.first(dealsPerStage, Deal.self, ofEach: stages, named: "stage_id", by: order(deals.call.rights)))
        let sums = Dictionary(grouping: totals) { $0.id(0)?.text }
        let shown = Dictionary(grouping: first, by: \.stageID)
        return GetBoardResponse(
            pipelineID: pipeline.id.text, displayName: pipeline.name,
            columns: columns.map { stage in
                StageTotals(sums[stage.id] ?? []).column(stage, shown[stage.id] ?? [])
            })
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

    /// Who entered a stage last comes first. The order tells the times that it goes by.
    private func order(_ rights: FieldRights) -> [String] {
        let time = ["stage_enter_time", "create_time"].first { rights.mayRead($0) }
        return ["\(time ?? "id") desc"]
    }

    /// The pipeline named, or the default one, and its name as the caller may see it.
    private func pipeline(_ text: String?, _ query: RecordQuery) async throws -> (id: RecordID, name: String?) {
        let id = text.flatMap { RecordID($0) }
        guard text == nil || id != nil else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "pipeline_id is a UUID.", field: "pipeline_id", domain: "sales")
        }
        // Which one is shown tells which one is the default.
        let wanted = id.map { FilterNode.equal("id", $0) } ?? .equal("default_pipeline", true)
        let pipelines = try await query.select(PipelineRecord.type, where: wanted)
        guard let pipeline = try await query.answers(pipelines.first(1, Pipeline.self, by: [])).first,
            let found = pipeline.id.flatMap({ RecordID($0) })
        else { throw RPCError.notFound("PIPELINE_NOT_FOUND", "There is no such pipeline.", domain: "sales") }
        return (found, pipeline.displayName)
    }
}
