import Postgres
import RPC
import Tenancy

/// Ledger rows of what identity changes beside records. The record engine writes those of records itself.
enum LedgerTable {
    private static let insert = Statement(
        """
        INSERT INTO {schema}.ledger (id, occurred_at, actor_id, method, object, record_id, record_version, before, after,
            request_id, trace_id)
        SELECT $1, $2, $3, $4, 'user', u.id, u.version, '{}'::jsonb, '{"password_changed": true}'::jsonb, $6, $7
        FROM {schema}.users u WHERE u.id = $5
        """)

    /// Says that a user's password changed, never to what.
    static func passwordChanged(of user: UserID, by actor: UserID, _ context: CallContext, now: Timestamp)
        -> Query
    {
        Query(insert) {
            $0.append(RecordID.make())
            $0.append(now)
            $0.append(actor.id)
            $0.append(context.method.path)
            $0.append(user.id)
            $0.append(context.requestID)
            $0.append(context.trace.traceIDText)
        }
    }
}
