import Postgres
import Tenancy

/// The statements by which operators find jobs that need somebody, and give them up.
enum TenantJobStatements {
    /// The newest first.
    ///
    /// - Parameters:
    ///   - names: nil for jobs of all names.
    ///   - isEachOpen: those too that need nobody; else those that failed, fail, or are due and were taken by nobody.
    ///   - patience: how long what is due may wait for a program.
    static func list(
        _ names: [String]?, isEachOpen: Bool, at now: Timestamp, patience: Duration, countMax: Int
    ) -> Query {
        Query(listing) {
            $0.append(names)
            $0.append(isEachOpen)
            $0.append(now.advanced(by: .zero - patience))
            // The run of a schedule that failed is followed by the next one: a day later it tells nothing any more.
            $0.append(now.advanced(by: .seconds(-86_400)))
            $0.append(Int64(countMax))
        }
    }

    private static let listing = Statement.composed(
        """
        (SELECT \(JobStatements.columns) FROM {schema}.jobs
            WHERE ($1::text[] IS NULL OR name = ANY($1)) AND ended_at IS NULL
                AND ($2 OR attempts > 0 OR last_error IS NOT NULL OR due_at <= $3)
            ORDER BY id DESC LIMIT $5)
        UNION ALL
        (SELECT \(JobStatements.columns) FROM {schema}.jobs
            WHERE ($1::text[] IS NULL OR name = ANY($1)) AND state = 'failed' AND (scheduled_at IS NULL OR ended_at > $4)
            ORDER BY id DESC LIMIT $5)
        ORDER BY id DESC LIMIT $5
        """)

    /// Has a job that failed undo what it did, as if somebody had cancelled it before.
    static func takeBack(_ id: RecordID, at now: Timestamp) -> Query {
        Query(takingBack) {
            $0.append(now)
            $0.append(id)
        }
    }

    private static let takingBack = Statement.composed(
        """
        UPDATE {schema}.jobs SET state = 'waiting', due_at = $1, attempts = 0, started_at = NULL, ended_at = NULL,
            cancel_asked_at = $1
        WHERE id = $2 AND state = 'failed' AND scheduled_at IS NULL RETURNING \(JobStatements.columns)
        """)

    /// Ends a job that is not done and that nobody works on. The key of a schedule's run stays with it: a failed one has none any more.
    static func end(_ id: RecordID, at now: Timestamp) -> Query {
        Query(ending) {
            $0.append(now)
            $0.append(id)
        }
    }

    private static let ending = Statement.composed(
        """
        UPDATE {schema}.jobs SET state = 'cancelled', due_at = $1, ended_at = $1,
            cancel_asked_at = coalesce(cancel_asked_at, $1)
        WHERE id = $2 AND state IN ('waiting', 'failed') AND scheduled_at IS NULL RETURNING \(JobStatements.columns)
        """)
}
