import Postgres
import Records
import SalesContracts
import Tenancy

/// The stages that deals have been in, and the reason of each outcome. The table refuses a loss without a reason.
enum StageHistory {
    /// Most changes that one answer tells.
    static let changesMax = 1000

    /// Writes with the next round trip that a deal entered a stage, or that it got another reason in the stage it is in.
    ///
    /// - Parameter before: nil for a new deal.
    static func record(_ deal: Deal, since before: Deal?, _ transaction: RecordTransaction) throws {
        let (left, entered) = (before?.stageID.flatMap { RecordID($0) }, deal.stageID.flatMap { RecordID($0) })
        // What the stage stands for may change once no deal is in it, so the history keeps what it was.
        try transaction.enqueue(
            """
            INSERT INTO {schema}.stage_changes (id, deal_id, from_stage_id, to_stage_id, changed_at, user_id,
                seconds_in_stage, outcome_reason, to_category)
            SELECT \(RecordID.make()), \(deal.id.flatMap { RecordID($0) }), \(left), s.id, \(transaction.now),
                \(transaction.actor.userID?.id), \(before.flatMap { seconds(in: $0, until: deal) }), \(deal.outcomeReason),
                s.category
            FROM {schema}.stages s WHERE s.id = \(entered)
            """)
    }

    /// How long the deal was in the stage that it left; nil when it left none.
    private static func seconds(in before: Deal, until after: Deal) -> Int64? {
        guard before.stageID != after.stageID, let entered = before.stageEnterTime, let left = after.stageEnterTime
        else { return nil }
        return max(0, (left.microseconds - entered.microseconds) / 1_000_000)
    }

    /// The changes of a deal, the latest first; one more than one answer tells, when there are more.
    static func changes(of deal: RecordID?) -> Query {
        """
        SELECT from_stage_id, to_stage_id, changed_at, user_id, seconds_in_stage, outcome_reason
        FROM {schema}.stage_changes WHERE deal_id = \(deal) ORDER BY changed_at DESC, id DESC
        LIMIT \(Int64(changesMax + 1))
        """
    }
}
