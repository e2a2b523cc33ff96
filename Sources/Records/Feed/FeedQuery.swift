import Postgres
import Tenancy

/// The statement that reads a part of a feed: rows that one snapshot sees and another does not, in their order, from a position on.
///
/// Each row begins with what the server says of itself; without an event there is one row with that alone.
enum FeedQuery {
    /// The columns in order.
    enum Column: Int, CaseIterable {
        case snapshot, age, timeline, checkpoint, floor
        case position, time, actor, principal, purpose, method, object, recordID, version, before, after, requestID,
            traceID
        /// The bytes of this row and those before it.
        case bytes
    }

    /// Bytes of a row besides its JSON, at most about.
    private static let rowBytes = 512

    /// The rows of a range of `ledger_position_key`, and no others, are looked at: from the cursor's edge on, or after what was told as long
    /// as nobody has ended who may have written before that, so that a transaction which lasts makes nobody look through all that was
    /// written since it began. What the reader has seen, and the snapshot that is told, are read once, not for each row.
    ///
    /// The limit is part of the text: a statement that says how many rows it gives is planned once.
    static func text(limit: Int) -> String {
        """
        WITH named AS MATERIALIZED (
            SELECT pg_current_snapshot() AS present, $2::text::pg_snapshot AS seen,
                coalesce($3::text::pg_snapshot, pg_current_snapshot()) AS told
        ), given AS MATERIALIZED (
            SELECT *, CASE WHEN $6::text[] IS NULL OR EXISTS (
                SELECT FROM unnest($6::text[]) AS unended (id) WHERE pg_visible_in_snapshot(id::xid8, told)
            ) THEN $1 ELSE $5 END AS edge FROM named
        )
        SELECT given.present::text, age(pg_snapshot_xmax(given.present)::xid),
            \(FeedServer.timelineSQL), \(FeedServer.checkpointSQL),
            (SELECT feed_floor FROM {schema}.meta), part.*
        FROM given LEFT JOIN LATERAL (
            SELECT position, occurred_at, actor_id, on_behalf_of_id, purpose, method, object, record_id, record_version,
                before, after, request_id, trace_id, bytes
            FROM (
                SELECT *, sum(size) OVER (ORDER BY position)::bigint AS bytes
                FROM (
                    SELECT *, \(rowBytes) + coalesce(octet_length(before::text), 0)
                        + coalesce(octet_length(after::text), 0) AS size
                    FROM {schema}.ledger WHERE \(untold(after: "given.edge")) ORDER BY position LIMIT \(limit)
                ) AS row
            ) AS measured WHERE bytes - size < $4
        ) AS part ON true ORDER BY part.position
        """
    }

    /// Rows that are to be told: after a position, in `given.told` and not in `given.seen`.
    private static func untold(after edge: String) -> String {
        """
        position > \(edge) AND position > 0 AND NOT pg_visible_in_snapshot(xid, given.seen)
            AND pg_visible_in_snapshot(xid, given.told)
        """
    }

    /// The values of `text`.
    static func values(after cursor: FeedCursor) -> Parameters {
        var parameters = Parameters()
        parameters.append(cursor.edge)
        parameters.append(cursor.seen.text)
        parameters.append(cursor.page?.snapshot.text)
        parameters.append(Int64(RowBytes.bytesAtOnce))
        parameters.append(cursor.told)
        parameters.append(cursor.unended?.map { String($0) })
        return parameters
    }

    /// How many events are to be told, counted up to $3 of them, and the time of the earliest of these.
    private static let counting = Statement(
        unsafeGenerated: """
            WITH given AS MATERIALIZED (SELECT $2::text::pg_snapshot AS seen, pg_current_snapshot() AS told)
            SELECT count(position), min(occurred_at) FROM given LEFT JOIN LATERAL (
                SELECT position, occurred_at FROM {schema}.ledger WHERE \(untold(after: "$1")) ORDER BY position LIMIT $3
            ) AS part ON true
            """)

    static func backlog(after cursor: FeedCursor, countMax: Int) -> (Statement, Parameters) {
        var parameters = Parameters()
        parameters.append(cursor.edge)
        parameters.append(cursor.seen.text)
        parameters.append(Int64(countMax))
        return (counting, parameters)
    }

    /// Those of the records $4 of the kind $3 of which something is to be told: what was not seen, but for the part of a snapshot ($5) that was
    /// told up to a position ($6).
    private static let changing = Statement(
        unsafeGenerated: """
            WITH given AS MATERIALIZED (SELECT $2::text::pg_snapshot AS seen, $5::text::pg_snapshot AS part)
            SELECT DISTINCT record_id FROM given, {schema}.ledger
            WHERE object = $3 AND record_id = ANY ($4) AND position > $1 AND position > 0
                AND NOT pg_visible_in_snapshot(xid, given.seen)
                AND (given.part IS NULL OR position > $6 OR NOT pg_visible_in_snapshot(xid, given.part))
            """)

    static func changed(
        among ids: [RecordID], of object: String, after cursor: FeedCursor
    ) -> (Statement, Parameters) {
        var parameters = Parameters()
        parameters.append(cursor.floor)
        parameters.append(cursor.seen.text)
        parameters.append(object)
        parameters.append(ids)
        parameters.append(cursor.page?.snapshot.text)
        parameters.append(cursor.page?.position)
        return (changing, parameters)
    }
}

/// What the server says of itself with each read of a feed.
struct FeedServer {
    let view: FeedCursor.View
    let timeline: UInt32
    /// Its last checkpoint, which a recovery makes anew.
    let checkpoint: String
    /// Events up to this position are no longer told.
    let floor: Int64

    init(_ row: Row) throws {
        typealias Column = FeedQuery.Column
        guard let snapshot = FeedSnapshot(try row.string(Column.snapshot.rawValue)),
            let timeline = UInt32(exactly: try row.int64(Column.timeline.rawValue))
        else { throw PostgresError(.other, "the server's snapshot or timeline is none") }
        // xmax follows the last transaction that ended; those that run may have later ids. How far the next new one is away, `age` tells
        // in a transaction without an id. It tells the largest number for the three ids that no transaction has.
        let age = try row.int32(Column.age.rawValue)
        view = FeedCursor.View(
            snapshot: snapshot, next: age < 0 || age == Int32.max ? nil : snapshot.xmax + UInt64(age))
        self.timeline = timeline
        checkpoint = try row.string(Column.checkpoint.rawValue)
        floor = try row.int64(Column.floor.rawValue)
    }
}

extension FeedEvent {
    /// Nil for a row without an event.
    init?(_ row: Row) throws {
        typealias Column = FeedQuery.Column
        func text(_ column: Column) throws -> String? { try row.optionalString(column.rawValue) }
        func json(_ column: Column) throws -> [UInt8]? {
            row.isNull(column.rawValue) ? nil : Array(try row.json(column.rawValue))
        }
        guard let position = try row.optionalInt64(Column.position.rawValue) else { return nil }
        self.init(
            position: position, time: try row.timestamp(Column.time.rawValue),
            actorID: try row.optionalID(Column.actor.rawValue),
            onBehalfOfID: try row.optionalID(Column.principal.rawValue), purpose: try text(.purpose),
            method: try row.string(Column.method.rawValue), object: try row.string(Column.object.rawValue),
            recordID: try row.id(Column.recordID.rawValue), version: try row.int64(Column.version.rawValue),
            before: try json(.before), after: try json(.after), requestID: try text(.requestID),
            traceID: try text(.traceID))
    }
}
