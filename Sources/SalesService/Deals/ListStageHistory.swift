import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// Lists the stages that a deal has been in.
struct ListStageHistory: Sendable {
    let engine: RecordEngine

    func callAsFunction(
        _ request: ListStageHistoryRequest, _ context: CallContext
    ) async throws -> ListStageHistoryResponse {
        let call = try await engine.authorise(context, DealRecord.type, .read)
        try DealFieldRights.requireReadable(["stage_id"], call.access)
        let deal = try await engine.get(context, DealRecord.type, id: request.id).value(Deal.self)
        var parameters = Parameters()
        guard let id = deal.id.flatMap({ RecordID($0) }) else { return ListStageHistoryResponse() }
        parameters.append(id)
        let rows = try await engine.read(context, Self.history, parameters)
        return ListStageHistoryResponse(changes: try rows.map(Self.change))
    }

    private static func change(_ row: Row) throws -> StageChange {
        StageChange(
            fromStageID: try row.optionalID(0)?.text, toStageID: try row.id(1).text, changeTime: try row.timestamp(2),
            userID: try row.id(3).text, secondsInStage: try row.optionalInt64(4))
    }

    private static let history = Statement(
        """
        SELECT from_stage_id, to_stage_id, changed_at, user_id, seconds_in_stage
        FROM {schema}.stage_changes WHERE deal_id = $1 ORDER BY changed_at DESC, id DESC LIMIT 1000
        """)
}
