import AccessControl
import Postgres
import Tenancy

/// What some events mean to whoever sees a selection of records: rows of records as they are, and ids of those that have left it.
///
/// Whether a record is among the selected is asked of the selection itself, by the rights of now, of the record as each event left it and as
/// it was before: an image made of its row and of what the ledger says was changed since. So there is no second meaning of a filter, and
/// nothing is said of a record that the caller might not read before or after one of these events.
struct WatchQuery {
    let selection: Selection
    /// Places of the events in the ledger.
    let positions: [Int64]

    /// Rows of the ledger since these events that are looked through to tell what a record was; of one that has more the past is not known,
    /// nor of those that have the most when all together have more than `WatchLimits.laterRowsAtOnce`.
    let laterMax: Int

    private var type: RecordType { selection.call.type }

    /// The row after `columnList`: id of the record, and whether it has left.
    static func id(in row: Row, of type: RecordType) throws -> RecordID { try row.id(type.columnCount) }
    static func isGone(in row: Row, of type: RecordType) throws -> Bool { try row.bool(type.columnCount + 1) }

    /// A record is given with its last version only, since what an earlier event made of it is no more; that it left the selection with an
    /// earlier one is told all the same, should it have come back or not.
    func statement() -> (text: String, parameters: Parameters) {
        var parameters = Parameters()
        parameters.append(positions)
        parameters.append(type.fieldKeys)
        parameters.append(type.object)
        let selected = selection.condition(&parameters)
        let sight = Selection(call: selection.call, filter: nil, lifetime: .any, action: .read)
        let inSight = sight.condition(&parameters)
        // What something was before, when what it belongs to may have been shared otherwise, it says itself.
        let isFollowing = selection.call.mayFollow
        let wasSelected = isFollowing ? selection.condition(&parameters, lasting: true) : selected
        let wasInSight = isFollowing ? sight.condition(&parameters, lasting: true) : inSight
        let columns = type.fields.flatMap(\.columns).map { "record.\($0)" }.joined(separator: ", ")
        let text = """
            WITH \(states), told AS MATERIALIZED (
                SELECT state.position AS told_position, state.record_id AS told_id, state.record_version AS told_version,
                    \(isGone(selected, inSight, wasSelected: wasSelected, inSightBefore: wasInSight)) AS is_gone
                FROM state
            )
            SELECT \(columns), told.told_id, told.is_gone
            FROM told LEFT JOIN \(type.source(as: "record"))
                ON record.\(type.standard.id.column) = told.told_id AND NOT told.is_gone
            WHERE told.is_gone OR record.\(type.standard.version.column) = told.told_version
            ORDER BY told.told_position
            """
        return (text, parameters)
    }

    /// The events, found by their places whatever PostgreSQL knows of the ledger, with what was changed since, so that a record's past is looked at once for all its events. Of several changes of a field
    /// the earliest tells what it was; it comes last.
    private var states: String {
        """
        event AS MATERIALIZED (
            SELECT position, record_id, record_version, occurred_at, before FROM (
                SELECT * FROM {schema}.ledger WHERE position = ANY ($1) AND position > 0 OFFSET 0
            ) AS row WHERE object = $3 AND after ?| $2
        ), counted AS MATERIALIZED (
            SELECT record_id, record_version, row_count <= \(laterMax)
                AND sum(row_count) OVER (ORDER BY row_count, record_id) <= \(WatchLimits.laterRowsAtOnce) AS is_known
            FROM (SELECT record_id, max(record_version) AS record_version FROM event GROUP BY record_id) AS last, LATERAL (
                SELECT count(*) AS row_count FROM (
                    SELECT FROM {schema}.ledger
                    WHERE object = $3 AND record_id = last.record_id AND record_version > last.record_version
                    ORDER BY record_version LIMIT \(laterMax + 1)
                ) AS row
            ) AS later
        ), part AS MATERIALIZED (
            SELECT counted.record_id, counted.is_known, later.undo FROM counted, LATERAL (
                SELECT coalesce(
                    jsonb_object_agg(change.key, change.value ORDER BY other.record_version DESC, other.position DESC)
                    FILTER (WHERE change.key IS NOT NULL), '{}') AS undo
                FROM {schema}.ledger AS other, jsonb_each(other.before) AS change
                WHERE counted.is_known AND other.object = $3 AND other.record_id = counted.record_id
                    AND other.record_version > counted.record_version
            ) AS later
        ), state AS MATERIALIZED (
            SELECT event.*, part.is_known, part.undo || coalesce((
                SELECT jsonb_object_agg(change.key, change.value ORDER BY other.record_version DESC)
                FROM event AS other, jsonb_each(other.before) AS change
                WHERE other.record_id = event.record_id AND other.record_version > event.record_version
            ), '{}') AS undo
            FROM event JOIN part USING (record_id)
        )
        """
    }

    /// SQL that is true for an event with which the record left the selection, or the sight: all that the caller may read, whatever the filter.
    /// Null for one that tells nothing.
    ///
    /// Of a record whose past is not known, fields have the values of now in an image unless the past one was found. So it is judged by what it is:
    /// gone unless it is among the selected, and told so to whoever has it in his sight or had it, which only a value that was found says.
    /// Since it may have left the filter unknown and the sight later, what leaves the sight is gone in any case.
    private func isGone(
        _ selected: String, _ inSight: String, wasSelected: String, inSightBefore: String
    ) -> String {
        let wasInSight = "state.before IS NOT NULL AND \(holds(inSightBefore, before))"
        return """
            CASE WHEN state.is_known THEN
                CASE WHEN \(holds(selected, after)) THEN false
                    WHEN state.before IS NOT NULL AND \(holds(wasSelected, before)) THEN true
                    WHEN \(wasInSight) AND NOT \(holds(inSight, after)) THEN true END
            WHEN \(holds(selected, now)) THEN NULL
            WHEN \(holds(inSight, now)) OR \(wasInSight) THEN true END
            """
    }

    /// SQL of the record at a moment, of each event in `state`.
    private var now: String { "SELECT record.*" }

    private var after: String {
        RecordImage.select(
            type, row: "record", values: "state.undo", version: "state.record_version", time: "state.occurred_at")
    }

    private var before: String {
        RecordImage.select(
            type, row: "record", values: "state.undo || state.before", version: "state.record_version - 1",
            time: """
                (SELECT other.occurred_at FROM {schema}.ledger AS other
                    WHERE other.object = $3 AND other.record_id = state.record_id
                        AND other.record_version < state.record_version ORDER BY other.record_version DESC LIMIT 1)
                """, sharesLast: true)
    }

    private func holds(_ condition: String, _ image: String) -> String {
        """
        EXISTS (SELECT FROM (
            \(image) FROM \(type.source(as: "record"))
            WHERE record.\(type.standard.id.column) = state.record_id
        ) AS image WHERE \(condition))
        """
    }
}
