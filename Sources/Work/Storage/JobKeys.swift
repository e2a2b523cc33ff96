import Postgres
package import Records
import Tenancy

/// Jobs that belong together: those of some names whose keys begin alike. For use in the transaction of what they belong to.
package struct JobKeys: Sendable {
    private let names: [String]
    private let prefix: String

    package init(_ names: [String], prefix: String) { (self.names, self.prefix) = (names, prefix) }

    package func find(_ transaction: RecordTransaction) async throws -> [Job] {
        try await transaction.query(query(Self.finding)).map { try Job($0) }
    }

    private static let finding = Statement(
        """
        SELECT id, name, on_behalf_of_id, scheduled_at, state, due_at, attempts, lease_holder_id, lease_number, checkpoint,
            progress_done, progress_total, cancel_asked_at, last_error, started_at, ended_at,
            created_at, report
        FROM {schema}.jobs WHERE name = ANY($1) AND starts_with(key, $2) ORDER BY name, key
        """)

    /// Asks that those that are open end before their next step.
    package func cancel(_ transaction: RecordTransaction) async throws {
        let cancelled = try await transaction.query(query(Self.cancelling, transaction.now))
        if !cancelled.isEmpty { transaction.ringAfterCommit() }
    }

    private static let cancelling = Statement(
        """
        UPDATE {schema}.jobs SET cancel_asked_at = coalesce(cancel_asked_at, $3),
            due_at = CASE state WHEN 'waiting' THEN $3 ELSE due_at END
        WHERE name = ANY($1) AND starts_with(key, $2) AND ended_at IS NULL RETURNING id
        """)

    /// Has those go on that failed before a moment.
    func retry(failedBefore moment: Timestamp, _ transaction: RecordTransaction) async throws {
        let tried = try await transaction.query(query(Self.retrying, transaction.now, moment))
        if !tried.isEmpty { transaction.ringAfterCommit() }
    }

    private static let retrying = Statement(
        """
        UPDATE {schema}.jobs SET state = 'waiting', due_at = $3, attempts = 0, started_at = NULL, ended_at = NULL
        WHERE name = ANY($1) AND starts_with(key, $2) AND state = 'failed' AND ended_at < $4 RETURNING id
        """)

    private func query(_ statement: Statement, _ moments: Timestamp...) -> Query {
        Query(statement) {
            $0.append(names)
            $0.append(prefix)
            for moment in moments { $0.append(moment) }
        }
    }
}
