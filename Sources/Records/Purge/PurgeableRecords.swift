import Postgres
import Tenancy

/// What a purge asks of the ledger. What is old there the database decides (`purgeable_records`), by marks that nobody else can set.
enum PurgeableRecords {
    /// Those of the deleted records that may go: their last change was their deletion, 30 days ago at least, and the feed tells no more of
    /// it.
    ///
    /// - Parameter versions: those that the records have, which tell the rows of their deletions.
    static func among(_ object: String, _ ids: [RecordID], versions: [Int64]) -> Query {
        Query(finding) {
            $0.append(object)
            $0.append(ids)
            $0.append(versions)
        }
    }

    private static let finding = Statement(
        """
        SELECT record_id FROM {schema}.purgeable_records
        WHERE object = $1 AND (record_id, record_version) IN (SELECT * FROM unnest($2::uuid[], $3::bigint[]))
        """)

    /// Takes the values out of a record's past; that it was stays. One at a time: with many, a planner that knows nothing of a long past would go
    /// through all of it for each of its rows.
    static func forget(_ object: String, _ id: RecordID, version: Int64) -> Query {
        Query(forgetting) {
            $0.append(object)
            $0.append(id)
            $0.append(version)
        }
    }

    private static let forgetting = Statement(
        """
        UPDATE {schema}.purgeable_records SET is_forgotten = true
        WHERE object = $1 AND record_id = $2 AND record_version = $3
        """)

    /// Notes how far the ledger is this night.
    static func mark(_ now: Timestamp) -> Query {
        Query(marking) { $0.append(now.day) }
    }

    private static let marking = Statement(
        "INSERT INTO {schema}.ledger_marks (night) VALUES ($1) ON CONFLICT ON CONSTRAINT ledger_marks_pkey DO NOTHING")

    /// Of marks that are old enough the last one says all.
    static let thinOut = Statement(
        """
        DELETE FROM {schema}.ledger_marks AS mark WHERE EXISTS (SELECT FROM {schema}.ledger_marks AS later
            WHERE later.marked_at > mark.marked_at AND later.marked_at <= now() - interval '30 days')
        """)
}

extension Timestamp {
    /// Its day in UTC.
    fileprivate var day: CalendarDay {
        CalendarDay(daysSince1970: Int((Double(microseconds) / 86_400_000_000).rounded(.down)))
    }
}
