import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// The columns of a board: three statements that see one moment.
struct BoardQuery {
    let pipeline: RecordID
    let stages: Selection
    let deals: Selection
    let dealsPerStage: Int

    /// The stages, the totals of each by currency, and the first deals of each.
    func statements(_ engine: RecordEngine) -> [(Statement, Parameters)] {
        [stageRows, totalRows, dealRows].map { (engine.scan($0.text), $0.parameters) }
    }

    func read(_ rows: [Rows]) async throws -> [BoardColumn] {
        let totals = try Dictionary(grouping: rows[1]) { try $0.id(0).text }
        let first = Dictionary(grouping: try await deals.records(rows[2], as: Deal.self)) { $0.stageID ?? "" }
        return try await stages.records(rows[0], as: Stage.self).map { stage in
            try column(stage, totals[stage.id ?? ""] ?? [], first[stage.id ?? ""] ?? [])
        }
    }

    /// Sums are read as much as the amounts are, weighted ones as much as the probability, too.
    private func column(_ stage: Stage, _ totals: [Row], _ deals: [Deal]) throws -> BoardColumn {
        let showsSums = self.deals.call.rights.mayRead("amount")
        let showsWeighted = showsSums && stages.call.rights.mayRead("probability_percent")
        var column = BoardColumn(
            stageID: stage.id, displayName: stage.displayName, category: stage.category, dealCount: 0, deals: deals)
        for total in totals {
            column.dealCount = try (column.dealCount ?? 0) + total.int64(2)
            guard let currency = try total.optionalString(1) else { continue }
            if showsSums { column.sums.append(MoneySum(currency, digits: try total.string(3))) }
            if showsWeighted { column.weightedSums.append(MoneySum(currency, digits: try total.string(4))) }
        }
        return column
    }

    private typealias Query = (text: String, parameters: Parameters)

    private var stageRows: Query {
        var parameters = stages.parameters
        parameters.append(pipeline)
        return (
            "SELECT \(stages.columns) FROM {schema}.stages WHERE \(stages.predicate) "
                + "AND pipeline_id = $\(parameters.count) "
                + "ORDER BY \(stages.call.rights.mayRead("position") ? "position, id" : "id")",
            parameters
        )
    }

    /// Amounts are not negative, so that rounding half away from zero is rounding half up.
    private var totalRows: Query {
        var parameters = deals.parameters
        parameters.append(pipeline)
        return (
            """
            SELECT stage_id, amount_currency, count(*), sum(amount_minor)::text,
                   round(sum(amount_minor) * (SELECT s.probability_percent FROM {schema}.stages s WHERE s.id = stage_id)
                         / 100)::text
            FROM {schema}.deals WHERE \(deals.predicate) AND pipeline_id = $\(parameters.count)
            GROUP BY stage_id, amount_currency ORDER BY stage_id, amount_currency
            """,
            parameters
        )
    }

    private var dealRows: Query {
        var parameters = deals.parameters
        parameters.append(pipeline)
        parameters.append(Int64(dealsPerStage))
        let (pipeline, limit) = ("$\(parameters.count - 1)", "$\(parameters.count)")
        return (
            """
            SELECT first.* FROM {schema}.stages s CROSS JOIN LATERAL (
                SELECT \(deals.columns) FROM {schema}.deals
                WHERE \(deals.predicate) AND stage_id = s.id ORDER BY \(dealOrder) LIMIT \(limit)
            ) AS first
            WHERE s.pipeline_id = \(pipeline) AND s.deleted_at IS NULL ORDER BY s.id, \(dealOrder)
            """,
            parameters
        )
    }

    /// The order tells the times that it goes by.
    private var dealOrder: String {
        let rights = deals.call.rights
        if rights.mayRead("stage_enter_time") { return "stage_enter_at DESC, id DESC" }
        return rights.mayRead("create_time") ? "created_at DESC, id DESC" : "id DESC"
    }
}

extension MoneySum {
    /// A sum of whole minor units, as PostgreSQL writes it.
    fileprivate init(_ currency: String, digits: String) {
        let units = Int64(digits)
        self.init(currencyCode: currency, minorUnits: units, largeMinorUnits: units == nil ? digits : nil)
    }
}
