import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Gives a pipeline as a board. Everything counted, summed or shown is what the caller may read.
struct GetBoard: Sendable {
    let engine: RecordEngine

    private static let dealsPerStageDefault = 10
    private static let dealsPerStageMax = 100

    func callAsFunction(_ request: GetBoardRequest, _ context: CallContext) async throws -> GetBoardResponse {
        let dealsPerStage = try dealsPerStage(request)
        let selection = try await engine.select(
            context, DealRecord.type, filter: request.filter, expression: request.filterExpression)
        // The columns tell the stage of every deal that the filter lets through.
        try DealFieldRights.requireReadable(["pipeline_id", "stage_id"], selection.call.access)
        // Sums are read as much as the amounts are.
        let showsSums = selection.call.access.level(of: "amount") >= FieldLevel.read
        let pipeline = try await pipeline(request.pipelineID, context)
        var totalsParameters = selection.parameters
        totalsParameters.append(pipeline.id)
        let slot = totalsParameters.count
        let stages = try await engine.read(context, Self.stages, parameters(pipeline.id))
        let totals = try await engine.read(
            context,
            engine.scan(
                """
                SELECT stage_id, count(*), amount_currency, least(sum(amount_minor), 9223372036854775807)::bigint
                FROM {schema}.deals WHERE \(selection.predicate) AND pipeline_id = $\(slot)
                GROUP BY stage_id, amount_currency ORDER BY stage_id, amount_currency
                """), totalsParameters)
        var board = GetBoardResponse(pipelineID: pipeline.id.text, displayName: pipeline.name)
        for row in stages {
            var column = try Self.column(row, totals: totals, showsSums: showsSums)
            if dealsPerStage > 0, column.dealCount ?? 0 > 0 {
                column.deals = try await firstDeals(of: column, request, dealsPerStage, selection.call)
            }
            board.columns.append(column)
        }
        return board
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

    private func pipeline(_ id: String?, _ context: CallContext) async throws -> (id: RecordID, name: String) {
        let pipeline = id.flatMap { RecordID($0) }
        guard id == nil || pipeline != nil else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "pipeline_id is a UUID.", field: "pipeline_id", domain: "sales")
        }
        guard let row = try await engine.read(context, Self.pipeline, parameters(pipeline)).first else {
            throw RPCError.notFound(
                "PIPELINE_NOT_FOUND",
                id == nil ? "No pipeline is the default one; name pipeline_id." : "There is no such pipeline.",
                domain: "sales")
        }
        return (try row.id(0), try row.string(1))
    }

    /// The deals to close soonest, then those without a date; the newest for a caller who may not read the dates, since
    /// their order would tell them.
    private func firstDeals(
        of column: BoardColumn, _ request: GetBoardRequest, _ count: Int, _ call: RecordCall
    ) async throws -> [Deal] {
        let order = call.access.level(of: "close_date") >= FieldLevel.read ? ["close_date"] : []
        let inStage = Filter(
            compare: Comparison(
                field: "stage_id", operator: .equal, values: [Value(stringValue: column.stageID)]))
        let deals = try await engine.list(
            call.context, DealRecord.type, filter: request.filter, expression: request.filterExpression,
            within: inStage, orderBy: order, limit: count)
        return deals.map { $0.value(Deal.self) }
    }

    private static func column(_ row: Row, totals: Rows, showsSums: Bool) throws -> BoardColumn {
        let stage = try row.id(0)
        var column = BoardColumn(
            stageID: stage.text, displayName: try row.string(1),
            category: StageCategory(rawValue: try row.int32(2)), dealCount: 0)
        for total in totals where try total.id(0) == stage {
            column.dealCount = try (column.dealCount ?? 0) + total.int64(1)
            guard showsSums, !total.isNull(2) else { continue }
            let (currency, sum) = (try total.string(2), try total.int64(3))
            column.sums.append(Money(currencyCode: currency, minorUnits: sum))
            column.weightedSums.append(
                Money(currencyCode: currency, minorUnits: weighted(sum, percent: try row.int64(3))))
        }
        return column
    }

    /// Rounded half up, since amounts are not negative; the sum is split so that nothing overflows.
    private static func weighted(_ sum: Int64, percent: Int64) -> Int64 {
        sum / 100 * percent + (sum % 100 * percent + 50) / 100
    }

    private func parameters(_ id: RecordID?) -> Parameters {
        var parameters = Parameters()
        parameters.append(id)
        return parameters
    }

    private static let pipeline = Statement(
        """
        SELECT id, display_name FROM {schema}.pipelines
        WHERE deleted_at IS NULL AND CASE WHEN $1::uuid IS NULL THEN default_pipeline ELSE id = $1::uuid END
        """)

    private static let stages = Statement(
        """
        SELECT id, display_name, category, probability_percent FROM {schema}.stages
        WHERE pipeline_id = $1 AND deleted_at IS NULL ORDER BY position, id
        """)
}
