import Contracts
import Postgres
import Records
import Tenancy

/// The SQL of `settings`, a row that counts the versions, and of `settings_versions`.
enum SettingsTable {
    private static let locking = Statement("SELECT version FROM {schema}.settings FOR UPDATE")

    /// The number of the last version. Nobody makes one until the transaction ends.
    static let lock = Query(locking)

    private static let holding = Statement("SELECT version FROM {schema}.settings FOR SHARE")

    /// Nobody makes a version until the transaction ends; who reads them may be many.
    static let hold = Query(holding)

    private static let counting = Statement("UPDATE {schema}.settings SET version = $1")

    static func count(to version: Int64) -> Query {
        Query(counting) { $0.append(version) }
    }

    private static let selectSince = Statement(
        """
        SELECT version, effective_at, created_at, user_id, changed_fields, cancelled_at, settings
        FROM {schema}.settings_versions
        WHERE cancelled_at IS NULL AND effective_at >= (
            SELECT max(effective_at) FROM {schema}.settings_versions WHERE cancelled_at IS NULL AND effective_at <= $1)
        ORDER BY effective_at, version
        """)

    /// What holds at a moment, and what holds later. Before the first version it is the first.
    static func since(_ moment: Timestamp) -> Query {
        Query(selectSince) { $0.append(max(moment, StoredSettings.beginning)) }
    }

    /// Reads what `since` gave.
    static func timeline(_ rows: Rows) throws -> SettingsTimeline { SettingsTimeline(try rows.map { try stored($0) }) }

    private static let selectOne = Statement(
        """
        SELECT version, effective_at, created_at, user_id, changed_fields, cancelled_at, settings
        FROM {schema}.settings_versions WHERE version = $1
        """)

    static func find(_ version: Int64) -> Query {
        Query(selectOne) { $0.append(version) }
    }

    private static let selectPage = Statement(
        """
        SELECT version, effective_at, created_at, user_id, changed_fields, cancelled_at, settings
        FROM {schema}.settings_versions WHERE version < $1 ORDER BY version DESC LIMIT $2
        """)

    /// The versions before one, the newest first.
    static func page(before version: Int64, limit: Int) -> Query {
        Query(selectPage) {
            $0.append(version)
            $0.append(Int64(limit))
        }
    }

    static func stored(_ row: Row) throws -> StoredSettings {
        StoredSettings(
            version: try row.int64(0), effectiveAt: try row.timestamp(1), createdAt: try row.optionalTimestamp(2),
            userID: try row.optionalID(3), changedFields: try row.strings(4), cancelledAt: try row.optionalTimestamp(5),
            values: try WorkspaceSettings(json: row.json(6)))
    }

    private static let inserting = Statement(
        """
        INSERT INTO {schema}.settings_versions (version, effective_at, created_at, user_id, changed_fields, settings)
        VALUES ($1, $2, $3, $4, $5, $6)
        """)

    static func insert(_ stored: StoredSettings) -> Query {
        Query(inserting) {
            $0.append(stored.version)
            $0.append(stored.effectiveAt)
            $0.append(stored.createdAt)
            $0.append(stored.userID)
            $0.append(stored.changedFields)
            $0.append(json: stored.values)
        }
    }

    private static let setting = Statement("UPDATE {schema}.settings_versions SET settings = $2 WHERE version = $1")

    /// What is to come follows what changed before it.
    static func set(_ stored: StoredSettings) -> Query {
        Query(setting) {
            $0.append(stored.version)
            $0.append(json: stored.values)
        }
    }

    private static let cancelling = Statement(
        "UPDATE {schema}.settings_versions SET cancelled_at = $2 WHERE version = $1")

    static func cancel(_ version: Int64, at moment: Timestamp) -> Query {
        Query(cancelling) {
            $0.append(version)
            $0.append(moment)
        }
    }
}

extension Parameters {
    fileprivate mutating func append(json settings: WorkspaceSettings) {
        settings.json.withUnsafeBytes { appendJSON(utf8: $0) }
    }
}
