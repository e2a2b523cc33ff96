import AccessControl
import Postgres
import Records
import Tenancy
import Text

/// The numbers that objects give their records. One follows the other without a gap, since a number is taken in the transaction of its record:
/// who creates records of such an object waits for those who do so at the same time.
enum RecordNumber {
    private static let announcing = Statement(
        "INSERT INTO {schema}.custom_objects (object_number, object) VALUES ($1, $2) ON CONFLICT DO NOTHING")

    /// Writes down how the ledger calls an object that is going to have records.
    static func announce(_ own: TenantObject, in transaction: RecordTransaction) throws {
        try transaction.enqueue(
            Query(announcing) {
                $0.append(own.number)
                $0.append(own.object)
            })
    }

    private static let taking = Statement(
        """
        INSERT INTO {schema}.record_numbers (object_number, year, last) VALUES ($1, $2, 1)
        ON CONFLICT (object_number, year) DO UPDATE SET last = record_numbers.last + 1 RETURNING last
        """)

    /// Nil for an object whose records have names.
    static func next(
        of own: TenantObject, for change: RecordChange, in transaction: RecordTransaction
    ) async throws -> String? {
        guard let format = own.numberFormat else { return nil }
        let year = format.isYearly ? year(of: change) : 0
        let query = Query(taking) {
            $0.append(own.number)
            $0.append(Int64(year))
        }
        return format.text(number: try await transaction.query(query).one().int64(0), year: year)
    }

    /// Of the moment of the change, where the workspace keeps its days.
    private static func year(of change: RecordChange) -> Int {
        let call = change.call
        let seconds = call.now.secondsAndNanos.seconds
        // Where ICU is older than the list of names that settings take, years are those of UTC.
        let local = seconds + (TimeZone(call.policy.settings.timeZone)?.offset(at: seconds) ?? 0)
        return CalendarDay(daysSince1970: Int(local / 86_400)).components.year
    }
}
