import Postgres
package import Tenancy

/// For how long a feed tells its events. What is older is told no more; the rows stay, as the history of their records, so that ending an
/// event costs no row.
package struct FeedRetention: Sendable {
    /// Events are told for so many days, and longer while a consumer of this service has not read them, at most twice as long.
    package let days: Int

    package static let daysDefault = 30
    package static let daysRange = 30...3650
    /// Rows that one step looks at, for each of the two bounds.
    package static let rowsAtOnce: Int64 = 10_000

    package init(days: Int = daysDefault) {
        precondition(FeedRetention.daysRange.contains(days), "a feed is kept for \(FeedRetention.daysRange) days")
        self.days = days
    }

    /// Ends what is too old, a part of it. Whoever has not read it gets FEED_CURSOR_EXPIRED.
    /// - Returns: whether something was ended: more may be there.
    package func step(_ transaction: RecordTransaction, now: Timestamp) async throws -> Bool {
        let floor = try await transaction.query(Self.floor).one().int64(0)
        let consumers = try await transaction.query(Self.cursors).compactMap { FeedCursor(Array($0.bytes(0)))?.floor }
        let unread = consumers.min() ?? Int64.max
        let old = try await end(of: floor, now.advanced(by: .seconds(-86_400 * days)), unread, transaction)
        let ancient = try await end(of: floor, now.advanced(by: .seconds(-2 * 86_400 * days)), Int64.max, transaction)
        let next = max(old, ancient)
        guard next > floor else { return false }
        var parameters = Parameters()
        parameters.append(next)
        try transaction.enqueue(Self.raise, parameters)
        return true
    }

    private static let floor = Statement("SELECT feed_floor FROM {schema}.meta")
    private static let cursors = Statement("SELECT cursor FROM {schema}.feed_consumers")
    private static let raise = Statement("UPDATE {schema}.meta SET feed_floor = $1 WHERE feed_floor < $1")

    /// The last position before the first event that is not older.
    private static let ending = Statement(
        """
        SELECT coalesce(min(position) FILTER (WHERE occurred_at >= $3) - 1, max(position), $1) FROM (
            SELECT position, occurred_at FROM {schema}.ledger
            WHERE position > $1 AND position > 0 AND position <= $2 ORDER BY position LIMIT $4
        ) AS part
        """)

    private func end(
        of floor: Int64, _ time: Timestamp, _ last: Int64, _ transaction: RecordTransaction
    ) async throws -> Int64 {
        var parameters = Parameters()
        parameters.append(floor)
        parameters.append(last)
        parameters.append(time)
        parameters.append(Self.rowsAtOnce)
        return try await transaction.query(Self.ending, parameters).one().int64(0)
    }
}
