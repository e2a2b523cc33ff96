import Postgres
import Tenancy

/// Where one who follows a feed is: a row of `feed_consumers`, in the schema of the tenant whose feed it is.
struct FeedPlace: Sendable {
    /// Unique in the service.
    let name: String

    /// Gives the cursor; no row before the first time.
    var find: Query { Query(Self.finding) { $0.append(name) } }

    /// Begins at a cursor, unless that was done.
    func begin(_ cursor: FeedCursor) -> Query { query(Self.insertion, cursor) }

    /// Goes on from a cursor, whatever was there.
    func replace(_ cursor: FeedCursor) -> Query { query(Self.replacement, cursor) }

    /// Goes on from a cursor. Whoever calls it has the row.
    func move(to cursor: FeedCursor) -> Query { query(Self.movement, cursor) }

    /// Locks the row and says whether the cursor stands there still, on the server that told the batch. No row while somebody else has it.
    func hold(_ cursor: [UInt8], asReadIn batch: FeedBatch) -> Query {
        Query(Self.holding) {
            $0.append(name)
            $0.append(cursor)
            $0.append(batch.cursor.timeline.map { Int64($0) })
            $0.append(batch.checkpoint)
        }
    }

    /// Keeps whoever follows the feed at this place off until the transaction ends.
    var lock: Query { Query(Self.locking) { $0.append(name) } }

    private static let locking = Statement("SELECT FROM {schema}.feed_consumers WHERE name = $1 FOR UPDATE")

    private static let finding = Statement("SELECT cursor FROM {schema}.feed_consumers WHERE name = $1")

    private static let insertion = Statement(
        "INSERT INTO {schema}.feed_consumers (name, cursor, updated_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING"
    )

    private static let replacement = Statement(
        """
        INSERT INTO {schema}.feed_consumers (name, cursor, updated_at) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET cursor = EXCLUDED.cursor, updated_at = EXCLUDED.updated_at
        """)

    private static let movement = Statement(
        "UPDATE {schema}.feed_consumers SET cursor = $2, updated_at = $3 WHERE name = $1")

    private static let holding = Statement(
        unsafeGenerated: """
            SELECT cursor = $2 AND \(FeedServer.isTheOne(timeline: "$3", checkpoint: "$4")) FROM {schema}.feed_consumers
            WHERE name = $1 FOR UPDATE SKIP LOCKED
            """)

    private func query(_ statement: Statement, _ cursor: FeedCursor) -> Query {
        Query(statement) {
            $0.append(name)
            $0.append(cursor.keptInside)
            $0.append(Timestamp.now())
        }
    }
}

extension FeedCursor {
    /// Its bytes as they are kept in the database whose history it is.
    var keptInside: [UInt8] {
        var cursor = self
        cursor.timeline = nil
        return cursor.bytes
    }
}

extension FeedServer {
    static let timelineSQL = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int8"
    static let checkpointSQL = "(pg_control_checkpoint()).checkpoint_lsn::text"

    /// SQL of whether the server is the one that told something, which else has no effect. By its timeline: it may have been replaced since.
    /// And by its last checkpoint: a server that crashed and recovered, which makes one, may give ids again that the reader had seen end
    /// without a trace. Any other checkpoint costs one more read.
    static func isTheOne(timeline: String, checkpoint: String) -> String {
        "\(checkpointSQL) = \(checkpoint) AND \(timelineSQL) = \(timeline)"
    }
}
