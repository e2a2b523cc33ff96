import AccessControl
import Postgres
import RPC
import Records
import SalesContracts
import Tenancy

/// Lists the stages that a deal has been in. What a field policy hides of the deal is hidden in its history.
struct ListStageHistory: Sendable {
    let engine: RecordEngine

    func callAsFunction(
        _ request: ListStageHistoryRequest, _ context: CallContext
    ) async throws -> ListStageHistoryResponse {
        let rights = try await engine.authorise(context, DealRecord.type, .read).rights
        try rights.requireReadable("stage_id")
        let deal = try await engine.get(context, DealRecord.type, id: request.id).value(Deal.self)
        let rows = try await engine.read(context, StageHistory.changes(of: deal.id.flatMap { RecordID($0) }))
        let shown = Shown(rights)
        return ListStageHistoryResponse(
            changes: try rows.prefix(StageHistory.changesMax).map { try change($0, shown) },
            truncated: rows.count > StageHistory.changesMax ? true : nil)
    }

    /// What the caller may read of each change.
    private struct Shown {
        /// The first change is of the deal's creation, the latest may be its last change.
        let times, users, reasons: Bool

        init(_ rights: FieldRights) {
            times = rights.mayRead("stage_enter_time", "create_time", "update_time")
            users = rights.mayRead("owner_id")
            reasons = rights.mayRead("outcome_reason")
        }
    }

    private func change(_ row: Row, _ shown: Shown) throws -> StageChange {
        var change = StageChange(fromStageID: try row.optionalID(0)?.text, toStageID: try row.id(1).text)
        if shown.times {
            change.changeTime = try row.timestamp(2)
            change.secondsInStage = try row.optionalInt64(4)
        }
        if shown.users { change.userID = try row.optionalID(3)?.text }
        if shown.reasons { change.outcomeReason = try row.optionalString(5) }
        return change
    }
}
