import Contracts
import Postgres
import Tenancy
import Wire

/// The statements on a tenant's `jobs`.
enum JobStatements {
    /// What `Job.init(_:)` reads. Checkpoints, which may be long, are for who runs a job.
    static let columns: StaticString = """
        id, name, on_behalf_of_id, scheduled_at, state, due_at, attempts, lease_holder_id, lease_number, step, \
        progress_done, progress_total, cancel_asked_at, last_error, started_at, ended_at, created_at, report
        """
    static let columnCount = 18

    /// Takes what is due and known by one of the names: the first of each user and of the workspace itself before the second of
    /// any, of these the longest due first. A user's jobs that have had turns come behind those of his that have had none, for a minute. Only
    /// the 500 that are longest due are looked at, ten users at least (`JobTable.openMax`). A lease that has ended counts as a failure of its step. The time in which nobody took what was
    /// due, as in a workspace that is suspended, is none of the job's: its start is put off by it. What another transaction has is passed over.
    static func claim(
        _ names: [String], countMax: Int, by holder: RecordID, at now: Timestamp, until end: Timestamp
    ) -> Query {
        Query(claiming) {
            $0.append(names)
            $0.append(now)
            $0.append(Int64(countMax))
            $0.append(holder)
            $0.append(end)
        }
    }

    private static let claiming = Statement(
        """
        WITH longest AS MATERIALIZED (
            SELECT id, on_behalf_of_id, due_at, started_at FROM {schema}.jobs
            WHERE ended_at IS NULL AND due_at <= $2 AND name = ANY($1) ORDER BY due_at, id LIMIT 500
        ), ranked AS MATERIALIZED (
            SELECT id, row_number() OVER (
                PARTITION BY on_behalf_of_id
                ORDER BY started_at IS NOT NULL AND due_at > $2 - interval '1 minute', due_at, id) AS rank
            FROM longest
        ), due AS MATERIALIZED (
            SELECT jobs.id, due_at, started_at IS NULL AS is_new FROM ranked JOIN {schema}.jobs ON jobs.id = ranked.id
            WHERE ended_at IS NULL AND due_at <= $2 ORDER BY rank, due_at, jobs.id LIMIT $3
            FOR UPDATE OF jobs SKIP LOCKED
        )
        UPDATE {schema}.jobs AS job SET attempts = attempts + CASE state WHEN 'leased' THEN 1 ELSE 0 END, state = 'leased',
            lease_holder_id = $4, lease_number = lease_number + 1, due_at = $5,
            started_at = CASE WHEN scheduled_at IS NULL AND state = 'waiting' AND due.due_at < $2 - interval '10 minutes'
                THEN coalesce(started_at + ($2 - due.due_at), $2) ELSE coalesce(started_at, $2) END
        FROM due WHERE job.id = due.id RETURNING job.id, name, on_behalf_of_id, lease_number, due.due_at, due.is_new
        """)

    /// When the next one is due, and whether others work on one.
    static func nextDue(_ names: [String], for holder: RecordID) -> Query {
        Query(nextDue) {
            $0.append(names)
            $0.append(holder)
        }
    }

    private static let nextDue = Statement(
        """
        SELECT (SELECT due_at FROM {schema}.jobs WHERE ended_at IS NULL AND name = ANY($1) ORDER BY due_at LIMIT 1),
            EXISTS (SELECT FROM {schema}.jobs WHERE state = 'leased' AND lease_holder_id <> $2 AND name = ANY($1))
        """)

    /// The job for as long as the transaction goes on, if the lease is still held: nobody else takes it or changes it meanwhile.
    static func lock(_ lease: JobLease) -> Query {
        Query(locking) {
            $0.append(lease.jobID)
            $0.append(lease.holderID)
            $0.append(lease.number)
        }
    }

    private static let locking = Statement.composed(
        """
        SELECT \(columns), checkpoint FROM {schema}.jobs
        WHERE id = $1 AND state = 'leased' AND lease_holder_id = $2 AND lease_number = $3 FOR UPDATE
        """)

    static func find(_ id: RecordID) -> Query { Query(finding) { $0.append(id) } }

    private static let finding = Statement.composed("SELECT \(columns) FROM {schema}.jobs WHERE id = $1")

    /// The same, held until the transaction ends: after the step that is under way.
    static func hold(_ id: RecordID) -> Query { Query(holding) { $0.append(id) } }

    private static let holding = Statement.composed(
        "SELECT \(columns) FROM {schema}.jobs WHERE id = $1 FOR UPDATE")

    /// The open run of a schedule, held until the transaction ends.
    static func holdRun(of name: String) -> Query {
        Query(holdingRun) {
            $0.append(name)
            $0.append(NewJob.scheduleKey)
        }
    }

    private static let holdingRun = Statement.composed(
        "SELECT \(columns) FROM {schema}.jobs WHERE name = $1 AND key = $2 FOR UPDATE")

    /// Stores what became of a job that is locked. The key of a schedule's run is free when it ends.
    static func put(_ job: Job) -> Query {
        Query(putting) {
            $0.append(job.id)
            $0.append(job.scheduledAt)
            $0.append(job.state.rawValue)
            $0.append(job.dueAt)
            $0.append(Int32(job.attempts))
            $0.append(job.holderID)
            $0.append(job.checkpoint)
            $0.append(job.progress.done)
            $0.append(job.progress.total)
            $0.append(job.lastError)
            $0.append(job.startedAt)
            $0.append(job.endedAt)
            $0.append(job.progress.report == JobReport() ? nil : job.progress.report.encoded())
            $0.append(job.step)
        }
    }

    private static let putting = Statement(
        """
        UPDATE {schema}.jobs SET scheduled_at = $2, state = $3, due_at = $4, attempts = $5, lease_holder_id = $6, checkpoint = $7,
            progress_done = $8, progress_total = $9, last_error = $10, started_at = $11, ended_at = $12, report = $13,
            step = $14, key = CASE WHEN $12 IS NULL OR scheduled_at IS NULL THEN key END
        WHERE id = $1
        """)

    /// Makes a job, unless there is one of its name and key.
    static func insert(_ job: NewJob, id: RecordID, at now: Timestamp) -> Query {
        Query(inserting) {
            $0.append(id)
            $0.append(job.name)
            $0.append(job.key)
            $0.append(job.userID?.id)
            $0.append(job.dueAt)
            $0.append(job.scheduledAt)
            $0.append(now)
            $0.append(job.checkpoint)
            $0.append(job.total)
        }
    }

    private static let inserting = Statement(
        """
        INSERT INTO {schema}.jobs (id, name, key, on_behalf_of_id, state, due_at, scheduled_at, attempts, lease_number, checkpoint,
            progress_done, progress_total, created_at)
        VALUES ($1, $2, $3, $4, 'waiting', $5, $6, 0, 0, $8, 0, $9, $7) ON CONFLICT ON CONSTRAINT jobs_name_key_key DO NOTHING
        RETURNING id
        """)

    static func find(_ name: String, key: String) -> Query {
        Query(findingKey) {
            $0.append(name)
            $0.append(key)
        }
    }

    static func checkpoint(of id: RecordID) -> Query { Query(findingCheckpoint) { $0.append(id) } }

    private static let findingCheckpoint = Statement("SELECT checkpoint FROM {schema}.jobs WHERE id = $1")

    /// Those that work or want to. What waits for its day has not begun and is not due. What was made since this moment was looked at is due, too.
    static func countOpen(of user: UserID, at now: Timestamp) -> Query {
        Query(countingOpen) {
            $0.append(user.id)
            $0.append(now)
        }
    }

    private static let countingOpen = Statement(
        """
        SELECT count(*) FROM {schema}.jobs
        WHERE ended_at IS NULL AND on_behalf_of_id = $1
            AND (started_at IS NOT NULL OR due_at <= greatest($2, created_at))
        """)

    /// Those of a user, or of everybody, the newest first, before one of them. A text for each choice: a condition that may be none keeps
    /// PostgreSQL from the index that serves it.
    static func list(
        before id: RecordID?, name: String?, isOpen: Bool, of user: UserID?, countMax: Int
    ) -> Query {
        let open: StaticString = isOpen ? " AND ended_at IS NULL" : ""
        return """
            SELECT \(columns) FROM {schema}.jobs
            WHERE id < \(id ?? RecordID(high: .max, low: .max))\(open)\(and: "name", name)\(and: "on_behalf_of_id", user?.id)
            ORDER BY id DESC LIMIT \(Int64(countMax))
            """
    }

    /// Has the open run of a schedule be due now, as that of this moment; one that is under way stays as it is.
    static func hasten(_ id: RecordID, at now: Timestamp) -> Query {
        Query(hastening) {
            $0.append(now)
            $0.append(id)
        }
    }

    private static let hastening = Statement.composed(
        """
        UPDATE {schema}.jobs SET due_at = CASE state WHEN 'waiting' THEN $1 ELSE due_at END,
            scheduled_at = CASE WHEN state = 'waiting' AND started_at IS NULL THEN $1 ELSE scheduled_at END
        WHERE id = $2 RETURNING \(columns)
        """)

    /// Those of a name that wait for a time to come and have not begun, held until the transaction ends.
    static func holdPlanned(_ name: String, at now: Timestamp) -> Query {
        Query(holdingPlanned) {
            $0.append(name)
            $0.append(now)
        }
    }

    private static let holdingPlanned = Statement(
        """
        SELECT id, due_at FROM {schema}.jobs
        WHERE name = $1 AND ended_at IS NULL AND state = 'waiting' AND started_at IS NULL AND due_at > $2 ORDER BY id FOR UPDATE
        """)

    static func redate(_ id: RecordID, to moment: Timestamp) -> Query {
        Query(redating) {
            $0.append(id)
            $0.append(moment)
        }
    }

    private static let redating = Statement("UPDATE {schema}.jobs SET due_at = $2 WHERE id = $1 RETURNING id")

    /// Removes jobs that ended before a moment, the oldest first.
    static func remove(endedBefore moment: Timestamp, countMax: Int64) -> Query {
        Query(removing) {
            $0.append(moment)
            $0.append(countMax)
        }
    }

    private static let removing = Statement(
        """
        DELETE FROM {schema}.jobs WHERE id IN (
            SELECT id FROM {schema}.jobs WHERE ended_at < $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        RETURNING 1
        """)

    private static let findingKey = Statement("SELECT id FROM {schema}.jobs WHERE name = $1 AND key = $2")

    /// Marks a job that is open: after the step that is under way no other begins.
    static func cancel(_ id: RecordID, at now: Timestamp) -> Query {
        Query(cancellingOne) {
            $0.append(id)
            $0.append(now)
        }
    }

    private static let cancellingOne = cancelling("id = $1", at: "$2")

    /// Marks those that are open at a moment.
    static func cancelling(
        _ condition: StaticString, at now: StaticString, and further: StaticString = "true"
    ) -> Statement {
        Statement.composed(
            """
            UPDATE {schema}.jobs SET cancel_asked_at = coalesce(cancel_asked_at, \(now)),
                due_at = CASE state WHEN 'waiting' THEN \(now) ELSE due_at END
            WHERE \(condition) AND \(further) AND ended_at IS NULL RETURNING \(columns)
            """)
    }

    /// Has a job that failed go on now. A schedule's is left: the next one is there already.
    static func retry(_ id: RecordID, at now: Timestamp) -> Query {
        Query(retryingOne) {
            $0.append(id)
            $0.append(now)
        }
    }

    private static let retryingOne = retrying("id = $1", at: "$2")

    /// Has those go on at a moment that failed, also when somebody had asked that they end.
    static func retrying(
        _ condition: StaticString, at now: StaticString, and further: StaticString = "true"
    ) -> Statement {
        Statement.composed(
            """
            UPDATE {schema}.jobs SET state = 'waiting', due_at = \(now), attempts = 0, started_at = NULL, ended_at = NULL,
                cancel_asked_at = NULL
            WHERE \(condition) AND \(further) AND state = 'failed' AND scheduled_at IS NULL RETURNING \(columns)
            """)
    }

    static func renew(_ lease: JobLease, until end: Timestamp) -> Query {
        Query(renewing) {
            $0.append(lease.jobID)
            $0.append(lease.holderID)
            $0.append(lease.number)
            $0.append(end)
        }
    }

    private static let renewing = Statement(
        """
        UPDATE {schema}.jobs SET due_at = $4
        WHERE id = $1 AND state = 'leased' AND lease_holder_id = $2 AND lease_number = $3 RETURNING id
        """)
}

extension Statement {
    /// A statement of parts that others have, too: literals alone.
    static func composed(_ text: Query) -> Statement { text.statement }
}

extension Query.Interpolation {
    mutating func appendInterpolation(_ part: StaticString) { appendLiteral(part) }

    /// A further condition on a column, unless there is no value for it.
    mutating func appendInterpolation(and column: StaticString, _ value: String?) {
        guard let value else { return }
        appendEquality(column)
        appendInterpolation(value)
    }

    mutating func appendInterpolation(and column: StaticString, _ value: RecordID?) {
        guard let value else { return }
        appendEquality(column)
        appendInterpolation(value)
    }

    private mutating func appendEquality(_ column: StaticString) {
        appendLiteral(" AND ")
        appendLiteral(column)
        appendLiteral(" = ")
    }
}

extension Job {
    /// From a row of `JobStatements.lock`, with its checkpoint.
    init(locked row: Row) throws {
        try self.init(row)
        checkpoint = row.value(JobStatements.columnCount).map { Array($0) }
    }

    /// From a row with `JobStatements.columns`.
    init(_ row: Row) throws {
        guard let state = JobState(rawValue: try row.string(4)) else {
            throw PostgresError(.other, "a job has a state that is none")
        }
        self.init(
            id: try row.id(0), name: try row.string(1), userID: try row.optionalID(2).map { UserID($0) },
            createdAt: try row.timestamp(16), scheduledAt: try row.optionalTimestamp(3), state: state,
            dueAt: try row.timestamp(5),
            attempts: Int(try row.int32(6)), holderID: try row.optionalID(7), leaseNumber: try row.int64(8),
            step: try row.optionalString(9),
            progress: JobProgress(
                done: try row.int64(10), total: try row.optionalInt64(11),
                report: try row.value(17).map { try JobReport(decoding: Array($0)) } ?? JobReport()),
            cancelAskedAt: try row.optionalTimestamp(12), lastError: try row.optionalString(13),
            startedAt: try row.optionalTimestamp(14), endedAt: try row.optionalTimestamp(15))
    }
}
