import Postgres
import Tenancy

/// What some events mean to whoever sees a selection of records: rows of records as they are, and ids of those that have left it.
///
/// Whether a record is among the selected is asked of the selection itself, by the rights of now, of the record as each event left it and as
/// it was before: an image made of its row and of what the ledger says was changed since. So there is no second meaning of a filter, and
/// nothing is said of a record that was not among the selected before or after one of these events.
struct WatchQuery {
    let selection: Selection
    /// Places of the events in the ledger.
    let positions: [Int64]

    private var type: RecordType { selection.call.type }

    /// The row after `columnList`: id of the record, and whether it has left.
    static func id(in row: Row, of type: RecordType) throws -> RecordID { try row.id(type.columnCount) }
    static func isGone(in row: Row, of type: RecordType) throws -> Bool { try row.bool(type.columnCount + 1) }

    /// A record is given with its last version only, since what an earlier event made of it is no more; that it left the selection with an
    /// earlier one is told all the same, should it have come back or not.
    func statement() -> (text: String, parameters: Parameters) {
        var parameters = Parameters()
        parameters.append(positions)
        parameters.append(type.fieldNames)
        parameters.append(type.object)
        let condition = selection.condition(&parameters)
        let columns = type.fields.flatMap(\.columns).map { "record.\($0)" }.joined(separator: ", ")
        let text = """
            WITH \(Self.states), told AS MATERIALIZED (
                SELECT state.position AS told_position, state.record_id AS told_id, state.record_version AS told_version,
                    CASE WHEN \(isSelected(after, condition)) THEN false
                        WHEN state.before IS NOT NULL AND \(isSelected(before, condition)) THEN true END AS is_gone
                FROM state
            )
            SELECT \(columns), told.told_id, told.is_gone
            FROM told LEFT JOIN \(type.qualifiedTable) AS record
                ON record.\(type.standard.id.column) = told.told_id AND NOT told.is_gone
            WHERE told.is_gone OR record.\(type.standard.version.column) = told.told_version
            ORDER BY told.told_position
            """
        return (text, parameters)
    }

    /// The events with what was changed since, so that a record's past is looked at once for all its events. Of several changes of a field
    /// the earliest tells what it was; it comes last.
    private static let states = """
        event AS MATERIALIZED (
            SELECT position, record_id, record_version, occurred_at, before FROM {schema}.ledger
            WHERE position = ANY ($1) AND position > 0 AND object = $3 AND after ?| $2
        ), part AS MATERIALIZED (
            SELECT record_id, max(record_version) AS record_version FROM event GROUP BY record_id
        ), state AS MATERIALIZED (
            SELECT event.*, coalesce((
                SELECT jsonb_object_agg(change.key, change.value ORDER BY other.record_version DESC, other.position DESC)
                FROM {schema}.ledger AS other, jsonb_each(other.before) AS change
                WHERE other.object = $3 AND other.record_id = event.record_id AND other.record_version > part.record_version
            ), '{}') || coalesce((
                SELECT jsonb_object_agg(change.key, change.value ORDER BY other.record_version DESC)
                FROM event AS other, jsonb_each(other.before) AS change
                WHERE other.record_id = event.record_id AND other.record_version > event.record_version
            ), '{}') AS undo
            FROM event JOIN part USING (record_id)
        )
        """

    private struct Moment {
        /// SQL of the changes that are to be taken back, of the version, and of the time of the last change.
        let values, version, time: String
    }

    private var after: Moment {
        Moment(values: "state.undo", version: "state.record_version", time: "state.occurred_at")
    }

    private var before: Moment {
        Moment(
            values: "state.undo || state.before", version: "state.record_version - 1",
            time: """
                (SELECT other.occurred_at FROM {schema}.ledger AS other
                    WHERE other.object = $3 AND other.record_id = state.record_id
                        AND other.record_version < state.record_version ORDER BY other.record_version DESC LIMIT 1)
                """)
    }

    private func isSelected(_ moment: Moment, _ condition: String) -> String {
        let image = RecordImage.select(
            type, row: "record", values: moment.values, version: moment.version, time: moment.time)
        return """
            EXISTS (SELECT FROM (
                \(image) FROM \(type.qualifiedTable) AS record
                WHERE record.\(type.standard.id.column) = state.record_id
            ) AS image WHERE \(condition))
            """
    }
}
