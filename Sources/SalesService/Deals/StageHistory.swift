import Contracts
import Postgres
import Records
import Tenancy

/// The stages that deals have been in, and the reason of each outcome. The table refuses a loss without a reason.
enum StageHistory {
    /// Most changes that one answer tells.
    static let changesMax = 1000

    /// Writes with the next round trip that a deal entered a stage, or that it got another reason in the stage it is in.
    ///
    /// - Parameter before: nil for a new deal.
    static func record(_ deal: Deal, since before: Deal?, _ transaction: RecordTransaction) throws {
        var parameters = Parameters()
        parameters.append(RecordID.make())
        parameters.append(deal.id.flatMap { RecordID($0) })
        parameters.append(before?.stageID.flatMap { RecordID($0) })
        parameters.append(deal.stageID.flatMap { RecordID($0) })
        parameters.append(transaction.now)
        parameters.append(transaction.caller.userID.id)
        parameters.append(before.flatMap { seconds(in: $0, until: deal) })
        parameters.append(deal.outcomeReason)
        try transaction.enqueue(insert, parameters)
    }

    /// How long the deal was in the stage that it left; nil when it left none.
    private static func seconds(in before: Deal, until after: Deal) -> Int64? {
        guard before.stageID != after.stageID, let entered = before.stageEnterTime, let left = after.stageEnterTime
        else { return nil }
        return max(0, (left.microseconds - entered.microseconds) / 1_000_000)
    }

    /// The changes of the deal $1, the latest first, at most $2.
    static let list = Statement(
        """
        SELECT from_stage_id, to_stage_id, changed_at, user_id, seconds_in_stage, outcome_reason
        FROM {schema}.stage_changes WHERE deal_id = $1 ORDER BY changed_at DESC, id DESC LIMIT $2
        """)

    /// What the stage stands for may change once no deal is in it, so the history keeps what it was.
    private static let insert = Statement(
        """
        INSERT INTO {schema}.stage_changes
            (id, deal_id, from_stage_id, to_stage_id, changed_at, user_id, seconds_in_stage, outcome_reason, to_category)
        SELECT $1, $2, $3, s.id, $5, $6, $7, $8, s.category FROM {schema}.stages s WHERE s.id = $4
        """)
}
