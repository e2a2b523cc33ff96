import Postgres
import RPC
import Tenancy
import TenantDatabase

/// How far a mirror is told, in the schema of the tenant whose records they are: the place in the feed, and while the mirror is made anew
/// how far that is.
///
/// Whoever tells something takes a fence first, a higher one each time, and stores where he is only if nobody has taken one since: what two
/// instances did beside each other is told again by one of them.
struct MirrorPlace: Sendable {
    let fence: Int64
    /// The mirror is being made anew, and has the records up to this id; nil when it has all.
    let rebuiltTo: RecordID?
    /// Since when it is being made anew: in all that time it lacks something.
    let begunAt: Timestamp?
    let cursor: FeedCursor
    /// That of a telling which the mirror is known to have stored; 0 for none since it was begun.
    let toldFence: Int64
}

/// The statements on it.
struct MirrorPlaces: Sendable {
    let database: TenantDatabase
    let name: String
    let program: TenantActor
    let deadline: Deadline

    /// Nil before the first time, and for a place that nothing can be made of.
    func find() async throws -> MirrorPlace? {
        let rows = try await DatabaseErrors.translated {
            var parameters = Parameters()
            parameters.append(name)
            return try await database.read(program, deadline: deadline.nanoseconds, Self.look, parameters)
        }
        guard let row = rows.first, let cursor = row.value(3).flatMap({ FeedCursor(Array($0)) }) else { return nil }
        return MirrorPlace(
            fence: try row.int64(0), rebuiltTo: try row.optionalID(1), begunAt: try row.optionalTimestamp(2),
            cursor: cursor, toldFence: try row.int64(4))
    }

    private static let look = Statement(
        """
        SELECT place.fence, place.rebuilt_to, place.begun_at, consumer.cursor, place.told_fence FROM {schema}.mirror_feeds AS place
        JOIN {schema}.feed_consumers AS consumer ON consumer.name = place.name WHERE place.name = $1
        """)

    /// From now on the mirror is made anew, and then told what the feed tells after the cursor.
    func begin(_ cursor: FeedCursor) async throws {
        let restart = Query(Self.restart) {
            $0.append(name)
            $0.append(RecordID.zero)
            $0.append(Timestamp.now())
        }
        _ = try await run([restart, FeedPlace(name: name).replace(cursor)])
    }

    /// What is begun again before it was done has lacked something since it was begun first.
    private static let restart = Statement(
        """
        INSERT INTO {schema}.mirror_feeds AS place (name, fence, rebuilt_to, begun_at, told_fence)
        VALUES ($1, 1, $2, $3, 0)
        ON CONFLICT ON CONSTRAINT mirror_feeds_pkey DO UPDATE SET fence = place.fence + 1, told_fence = 0,
            rebuilt_to = excluded.rebuilt_to, begun_at = coalesce(place.begun_at, excluded.begun_at)
        """)

    /// The fence of what is told next; nil when somebody else has taken one since the place was read.
    func fence(after place: MirrorPlace) async throws -> Int64? {
        let query = Query(Self.take) {
            $0.append(name)
            $0.append(place.fence)
        }
        return try await run([query])[0].first?.int64(0)
    }

    private static let take = Statement(
        "UPDATE {schema}.mirror_feeds SET fence = fence + 1 WHERE name = $1 AND fence = $2 RETURNING fence")

    /// The next fence follows this one, unless somebody has taken one since.
    func follow(_ told: Int64, from fence: Int64) async throws {
        let query = Query(Self.move) {
            $0.append(name)
            $0.append(fence)
            $0.append(told)
        }
        _ = try await run([query])
    }

    private static let move = Statement("UPDATE {schema}.mirror_feeds SET fence = $3 WHERE name = $1 AND fence = $2")

    /// Stores where it is now, if nobody has taken a fence since.
    ///
    /// - Parameter isTold: the mirror has stored what it was told with this fence.
    /// - Parameter batch: after which the cursor stands. What a server told that was replaced or recovered since is told again.
    func store(
        _ cursor: FeedCursor, rebuiltTo: RecordID?, fence: Int64, isTold: Bool, after batch: FeedBatch? = nil
    ) async throws -> Bool {
        let query = Query(Self.put) {
            $0.append(name)
            $0.append(fence)
            $0.append(rebuiltTo)
            $0.append(cursor.keptInside)
            $0.append(Timestamp.now())
            $0.append(batch?.cursor.timeline.map { Int64($0) })
            $0.append(batch?.checkpoint)
            $0.append(isTold)
        }
        return try await !run([query])[0].isEmpty
    }

    private static let put = Statement(
        unsafeGenerated: """
            WITH held AS (
                UPDATE {schema}.mirror_feeds
                SET rebuilt_to = $3, begun_at = CASE WHEN $3::uuid IS NOT NULL THEN begun_at END,
                    told_fence = CASE WHEN $8 THEN fence ELSE told_fence END
                WHERE name = $1 AND fence = $2
                    AND ($7::text IS NULL OR \(FeedServer.isTheOne(timeline: "$6", checkpoint: "$7")))
                RETURNING name
            )
            UPDATE {schema}.feed_consumers AS consumer SET cursor = $4, updated_at = $5 FROM held
            WHERE consumer.name = held.name RETURNING 1
            """)

    private func run(_ queries: [Query]) async throws -> [Rows] {
        try await DatabaseErrors.translated {
            try await database.batch(
                program, deadline: deadline.nanoseconds, queries.map { ($0.statement, $0.parameters) })
        }
    }
}
