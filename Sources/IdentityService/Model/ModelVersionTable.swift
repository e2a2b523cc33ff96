import Contracts
import IdentityContracts
import Postgres
import Records
import Tenancy
import Wire

/// The SQL of `model_versions`: what was made of the model by one call, and of which records.
enum ModelVersionTable {
    private static let selectLast = Statement(
        "SELECT version, created_at, user_id FROM {schema}.model_versions ORDER BY version DESC LIMIT 1")

    static let last = Query(selectLast)

    private static let selectStanding = Statement(
        """
        SELECT version, settings_version, settings_before FROM {schema}.model_versions
        WHERE undone_version IS NULL AND undoing_version IS NULL ORDER BY version DESC LIMIT 1
        """)

    /// The last one that applied a model and was not taken back.
    static let standing = Query(selectStanding)

    private static let selectRecords = Statement(
        """
        SELECT r.object, r.id, r.record_version, r.id = ANY (m.made_ids) FROM {schema}.model_versions AS m
        CROSS JOIN LATERAL unnest(m.objects, m.record_ids, m.record_versions)
            WITH ORDINALITY AS r (object, id, record_version, place)
        WHERE m.version = $1 ORDER BY r.place DESC
        """)

    /// What a version wrote, the last first.
    static func records(of version: Int64) -> Query {
        Query(selectRecords) { $0.append(version) }
    }

    static func records(_ rows: Rows) throws -> [ModelRecord] {
        try rows.map {
            ModelRecord(object: try $0.string(0), id: try $0.id(1), version: try $0.int64(2), isMade: try $0.bool(3))
        }
    }

    private static let selectPage = Statement(
        """
        SELECT version, created_at, user_id, CASE WHEN bytes <= $3 OR place = 1 THEN changes END, undone_version, undoing_version
        FROM (
            SELECT *, sum(octet_length(changes)) OVER newer AS bytes, row_number() OVER newer AS place
            FROM {schema}.model_versions WHERE version < $1
            WINDOW newer AS (ORDER BY version DESC) ORDER BY version DESC LIMIT $2
        ) AS page ORDER BY version DESC
        """)

    /// The versions before one, the newest first. What was changed is there as far as it has no more bytes together, and of the first.
    static func page(before version: Int64, limit: Int, bytesMax: Int) -> Query {
        Query(selectPage) {
            $0.append(version)
            $0.append(Int64(limit))
            $0.append(Int64(bytesMax))
        }
    }

    /// Nil for one whose changes did not fit into the page.
    static func version(_ row: Row) throws -> WorkspaceModelVersion? {
        guard let changes = row.value(3) else { return nil }
        return WorkspaceModelVersion(
            version: try row.int64(0), createTime: try row.timestamp(1), userID: try row.optionalID(2)?.text,
            changes: try WorkspaceModelVersion(decoding: Array(changes)).changes,
            undoneVersion: try row.optionalInt64(4), undoingVersion: try row.optionalInt64(5))
    }

    /// Older ones go when another is made.
    static let keptMax: Int64 = 200

    private static let pruning = Statement("DELETE FROM {schema}.model_versions WHERE version <= $1")

    /// Takes away what is too old beside a new version.
    static func prune(since version: Int64) -> Query {
        Query(pruning) { $0.append(version - keptMax) }
    }

    private static let inserting = Statement(
        """
        INSERT INTO {schema}.model_versions (version, created_at, user_id, changes, objects, record_ids, record_versions,
            made_ids, settings_version, settings_before, undone_version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """)

    /// - Parameter undone: the version that it takes back.
    static func insert(
        _ version: Int64, _ changes: [ModelChange], _ records: [ModelRecord], _ settings: SettingsChange.Outcome?,
        undoing undone: Int64? = nil, by transaction: RecordTransaction
    ) -> Query {
        Query(inserting) { parameters in
            parameters.append(version)
            parameters.append(transaction.now)
            parameters.append(transaction.actor.userID?.id)
            parameters.append(WorkspaceModelVersion(changes: changes).encoded())
            parameters.append(records.map(\.object))
            parameters.append(records.map(\.id))
            parameters.append(records.map(\.version))
            parameters.append(records.filter(\.isMade).map(\.id))
            parameters.append(settings?.after.version)
            if let settings {
                settings.before.values.json.withUnsafeBytes { parameters.appendJSON(utf8: $0) }
            } else {
                parameters.appendNull(.jsonb)
            }
            parameters.append(undone)
        }
    }

    private static let marking = Statement("UPDATE {schema}.model_versions SET undoing_version = $2 WHERE version = $1")

    static func mark(_ version: Int64, undoneBy other: Int64) -> Query {
        Query(marking) {
            $0.append(version)
            $0.append(other)
        }
    }

    private static let selectUnused = Statement(
        """
        SELECT id, name, number FROM {schema}.object_definitions AS o WHERE deleted_at IS NOT NULL AND name = ANY ($1)
        AND NOT EXISTS (
            SELECT FROM {schema}.field_definitions AS f WHERE f.object = 'custom.' || o.name AND f.deleted_at IS NULL)
        """)

    /// Deleted objects of these names for which no field waits.
    static func deletedObjects(_ names: [String]) -> Query {
        Query(selectUnused) { $0.append(names) }
    }

    private static let selectMadeObjects = Statement(
        "SELECT id, name, number FROM {schema}.object_definitions WHERE id = ANY ($1) AND deleted_at IS NULL")

    static func objects(_ ids: [RecordID]) -> Query {
        Query(selectMadeObjects) { $0.append(ids) }
    }

    private static let selectMadeFields = Statement(
        """
        SELECT object, name, number FROM {schema}.field_definitions WHERE id = ANY ($1) AND deleted_at IS NULL
        """)

    static func fields(_ ids: [RecordID]) -> Query {
        Query(selectMadeFields) { $0.append(ids) }
    }

    private static let selectUnique = Statement(
        """
        SELECT FROM {schema}.ledger
        WHERE object = 'field_definition' AND record_id = $1 AND before ->> 'unique' = 'true' LIMIT 1
        """)

    /// Whether a field was unique once.
    static func wasUnique(_ field: RecordID) -> Query {
        Query(selectUnique) { $0.append(field) }
    }
}
