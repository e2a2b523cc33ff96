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

    /// Those that are open: few, and found without the many that ended.
    package func findOpen(_ transaction: RecordTransaction) async throws -> [Job] {
        try await transaction.query(query(Self.findingOpen)).map { try Job($0) }
    }

    private static let findingOpen = Statement.composed(
        """
        SELECT \(JobStatements.columns) FROM {schema}.jobs
        WHERE ended_at IS NULL AND \(belonging) ORDER BY name, key
        """)

    private static let finding = Statement.composed(
        """
        SELECT \(JobStatements.columns) FROM {schema}.jobs
        WHERE \(belonging) ORDER BY name, key
        """)

    /// Asks that those that are open end before their next step.
    package func cancel(_ transaction: RecordTransaction) async throws {
        try await cancel(Self.cancelling, transaction)
    }

    /// Ends those that wait for their next step. One whose step is under way goes on: for sagas whose steps do what is wanted when they run, and have to
    /// look after what the last of them began.
    package func cancelWaiting(_ transaction: RecordTransaction) async throws {
        try await cancel(Self.cancellingWaiting, transaction)
    }

    private func cancel(_ statement: Statement, _ transaction: RecordTransaction) async throws {
        let cancelled = try await transaction.query(query(statement) { $0.append(transaction.now) })
        if !cancelled.isEmpty { transaction.ringAfterCommit() }
    }

    private static let cancelling = JobStatements.cancelling(belonging, at: "$3")
    private static let cancellingWaiting = JobStatements.cancelling(belonging, at: "$3", and: "state = 'waiting'")

    /// Has those go on that failed before a moment.
    func retry(failedBefore moment: Timestamp, _ transaction: RecordTransaction) async throws {
        let tried = try await transaction.query(
            query(Self.retrying) {
                $0.append(transaction.now)
                $0.append(moment)
            })
        if !tried.isEmpty { transaction.ringAfterCommit() }
    }

    private static let retrying = JobStatements.retrying(belonging, at: "$3", and: "ended_at < $4")

    /// Keys are compared byte by byte, and none has the last character that there is.
    private static let belonging: StaticString = "name = ANY($1) AND key >= $2 AND key < $2 || chr(1114111)"

    private func query(_ statement: Statement, _ further: (inout Parameters) -> Void = { _ in }) -> Query {
        Query(statement) {
            $0.append(names)
            $0.append(prefix)
            further(&$0)
        }
    }
}

extension JobKeys {
    /// Keeps others off those that are there until the transaction ends.
    func hold(_ transaction: RecordTransaction) async throws {
        _ = try await transaction.query(query(Self.holding))
    }

    private static let holding = Statement.composed(
        """
        SELECT id FROM {schema}.jobs WHERE \(belonging) ORDER BY name, key FOR UPDATE
        """)

    /// Those of them that have nothing to do: they were made to say that there are to be no others.
    func marks(_ transaction: RecordTransaction) async throws -> Set<RecordID> {
        let rows = try await transaction.query(query(Self.marking))
        return Set(try rows.map { try $0.id(0) })
    }

    private static let marking = Statement.composed(
        "SELECT id FROM {schema}.jobs WHERE \(belonging) AND checkpoint IS NULL")

    /// Does away with marks that were made before a moment.
    func dropMarks(before moment: Timestamp, _ transaction: RecordTransaction) async throws {
        _ = try await transaction.query(query(Self.dropping) { $0.append(moment) })
    }

    private static let dropping = Statement.composed(
        """
        DELETE FROM {schema}.jobs
        WHERE \(belonging) AND checkpoint IS NULL AND created_at < $3
        """)

    /// Has those go on, too, that somebody cancelled, and that had ended before a moment.
    func reopen(cancelledBefore moment: Timestamp, _ transaction: RecordTransaction) async throws {
        let reopened = try await transaction.query(
            query(Self.reopening) {
                $0.append(transaction.now)
                $0.append(moment)
            })
        if !reopened.isEmpty { transaction.ringAfterCommit() }
    }

    private static let reopening = Statement.composed(
        """
        UPDATE {schema}.jobs SET state = 'waiting', due_at = $3, attempts = 0, started_at = NULL, ended_at = NULL,
            cancel_asked_at = NULL, last_error = NULL
        WHERE \(belonging) AND state = 'cancelled' AND ended_at < $4 RETURNING id
        """)
}
