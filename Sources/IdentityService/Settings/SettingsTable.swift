import Contracts
import Postgres
import Tenancy

/// The SQL of `settings`, which has one row.
enum SettingsTable {
    private static let selection = Statement(
        """
        SELECT version, updated_at, time_zone, read_rows_per_day_max, deleted_records_kept_days FROM {schema}.settings
        """)

    static let find = Query(selection)

    private static let locking = Statement(
        """
        SELECT version, updated_at, time_zone, read_rows_per_day_max, deleted_records_kept_days FROM {schema}.settings
        FOR UPDATE
        """)

    /// The same, held until the transaction ends.
    static let lock = Query(locking)

    private static let holding = Statement(
        """
        SELECT version, updated_at, time_zone, read_rows_per_day_max, deleted_records_kept_days FROM {schema}.settings
        FOR SHARE
        """)

    /// The same, and nobody changes them until the transaction ends.
    static let hold = Query(holding)

    private static let setting = Statement(
        """
        UPDATE {schema}.settings SET version = $1, updated_at = $2, time_zone = $3, read_rows_per_day_max = $4,
            deleted_records_kept_days = $5
        """)

    static func set(_ settings: WorkspaceSettings) -> Query {
        Query(setting) {
            $0.append(settings.version)
            $0.append(settings.updateTime)
            $0.append(settings.timeZone)
            $0.append(settings.readRowsPerDayMax)
            $0.append(settings.deletedRecordsKeptDays)
        }
    }

    /// Reads what `find` and `lock` gave.
    static func settings(_ rows: Rows) throws -> WorkspaceSettings {
        let row = try rows.one()
        return WorkspaceSettings(
            version: try row.int64(0), updateTime: try row.optionalTimestamp(1), timeZone: try row.string(2),
            readRowsPerDayMax: try row.optionalInt64(3), deletedRecordsKeptDays: try row.optionalInt64(4))
    }
}
