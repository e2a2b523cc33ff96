import AccessControl
import Postgres
import Text
import Wire

/// SQL about values of custom fields of which no two living records have the same. What the same is, is decided by it alone, for values that
/// come and for those that are there: a text is the same in upper and lower case, full and half width (NFKC), a phone number in any form.
///
/// Each value of a living record has a row in `unique_values`, under the number of its field and a hash of it.
struct UniqueSQL {
    let engine: RecordEngine
    let type: RecordType
    let fields: [RecordField]

    private static let key = "sha256(convert_to(value.text, 'UTF8'))"

    /// The fields and what they hold, each in a row (field_number, text); NULL for nothing.
    private func values(of json: String) -> String {
        let rows = fields.compactMap { field in
            field.added.map { "(\($0.number)::bigint, \(field.uniqueText(in: json)))" }
        }
        return "LATERAL (VALUES \(rows.joined(separator: ", "))) AS value (field_number, text)"
    }

    /// (place, record_id, field_number, value_key) of an array of `{"id": …, "values": {…}}`.
    private func claims(_ parameter: String, as name: String) -> String {
        "(SELECT item.place, (item.value->>'id')::uuid AS record_id, value.field_number, \(Self.key) AS value_key "
            + "FROM jsonb_array_elements(\(parameter)) WITH ORDINALITY AS item (value, place) "
            + "CROSS JOIN \(values(of: "(item.value->'values')")) WHERE value.text IS NOT NULL) AS \(name)"
    }

    private var record: (source: String, id: String, living: String, values: String) {
        let (id, deleted) = (type.standard.id.column, type.standard.deleteTime.column)
        return (
            type.source(as: "record"), "record.\(id)", "record.\(deleted) IS NULL",
            values(of: "record.\(RecordField.customColumn)")
        )
    }

    /// Takes the values of $1, each for the first that wants it, as far as they are free; gives who got which. Where values that were there
    /// before are still looked through, nobody gets any.
    var take: Statement {
        engine.statement(
            "INSERT INTO {schema}.unique_values (field_number, value_key, record_id) "
                + "SELECT claim.field_number, claim.value_key, claim.record_id FROM \(claims("$1", as: "claim")) "
                + "WHERE NOT EXISTS (SELECT FROM {schema}.unique_builds AS build WHERE build.field_number = claim.field_number) "
                + "ORDER BY claim.field_number, claim.value_key, claim.place "
                + "ON CONFLICT DO NOTHING RETURNING field_number, record_id")
    }

    /// Gives back the values of $1, but for those that stand in $2, too.
    var release: Statement {
        engine.statement(
            "DELETE FROM {schema}.unique_values AS entry USING \(claims("$1", as: "claim")) "
                + "WHERE \(Self.isOf("claim")) AND entry.record_id = claim.record_id AND NOT EXISTS "
                + "(SELECT FROM \(claims("$2", as: "kept")) WHERE \(Self.isOf("kept")) AND entry.record_id = kept.record_id)"
        )
    }

    /// Gives back the values of $1, but for those that their records have, as they are stored.
    var releaseRefused: Statement {
        engine.statement(
            "DELETE FROM {schema}.unique_values AS entry USING \(claims("$1", as: "claim")) "
                + "WHERE \(Self.isOf("claim")) AND entry.record_id = claim.record_id AND \(isStale)")
    }

    /// Who has the values of $1: (field_number, who wants it, who has it).
    var holders: Statement {
        engine.statement(
            "SELECT claim.field_number, claim.record_id, entry.record_id FROM \(claims("$1", as: "claim")) "
                + "JOIN {schema}.unique_values AS entry ON \(Self.isOf("claim"))")
    }

    /// Lets go of entries for values of $1 whose records are not alive any more or have another value: left of a time in which the field was not
    /// unique or not there. Those of records in $1 are not looked at, since these may not be stored yet.
    var forget: Statement {
        engine.statement(
            "DELETE FROM {schema}.unique_values AS entry USING \(claims("$1", as: "claim")) WHERE \(Self.isOf("claim")) "
                + "AND entry.record_id NOT IN (SELECT (item->>'id')::uuid FROM jsonb_array_elements($1) AS item) "
                + "AND \(isStale)")
    }

    private static func isOf(_ claim: String) -> String {
        "entry.field_number = \(claim).field_number AND entry.value_key = \(claim).value_key"
    }

    private var isStale: String {
        "NOT EXISTS (SELECT FROM \(record.source) CROSS JOIN \(record.values) WHERE \(record.id) = entry.record_id "
            + "AND \(record.living) AND value.field_number = entry.field_number AND \(Self.key) = entry.value_key)"
    }
}

// Values that are there already.
extension UniqueSQL {
    /// The last of the next $2 living records after $1; none when fewer are left.
    var lastOfPage: Statement {
        engine.statement(
            "SELECT \(record.id) FROM \(record.source) WHERE \(record.id) > $1 AND \(record.living) "
                + "ORDER BY \(record.id) OFFSET $2 - 1 LIMIT 1")
    }

    private var page: String {
        "(SELECT \(record.id) AS record_id, value.field_number, \(Self.key) AS value_key, value.text FROM \(record.source) "
            + "CROSS JOIN \(record.values) WHERE \(record.id) > $1 AND ($2::uuid IS NULL OR \(record.id) <= $2) "
            + "AND \(record.living) AND value.text IS NOT NULL) AS claim"
    }

    /// Lets go of entries that stand in the way of records after $1, up to $2, though their own records have other values now.
    var forgetPage: Statement {
        engine.statement(
            "DELETE FROM {schema}.unique_values AS entry USING \(page) WHERE \(Self.isOf("claim")) AND \(isStale)")
    }

    /// Takes the values of living records after $1, up to $2.
    var takePage: Statement {
        engine.statement(
            "INSERT INTO {schema}.unique_values (field_number, value_key, record_id) "
                + "SELECT field_number, value_key, record_id FROM \(page) ORDER BY value_key, record_id ON CONFLICT DO NOTHING"
        )
    }

    /// Those of these records whose value another one has: (the value, who has it, the record).
    var repeatedOfPage: Statement {
        engine.statement(
            "SELECT claim.text, entry.record_id, claim.record_id FROM \(page) JOIN {schema}.unique_values AS entry "
                + "ON \(Self.isOf("claim")) AND entry.record_id <> claim.record_id ORDER BY claim.record_id")
    }

    /// Takes the values of living records that were changed since $1.
    var takeChanged: Statement {
        engine.statement(
            "INSERT INTO {schema}.unique_values (field_number, value_key, record_id) "
                + "SELECT value.field_number, \(Self.key), \(record.id) FROM \(record.source) CROSS JOIN \(record.values) "
                + "WHERE record.\(type.standard.updateTime.column) >= $1 AND \(record.living) AND value.text IS NOT NULL "
                + "ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING")
    }

    /// From now on nobody takes values of the field $1 until those that are there are taken.
    static let begin = Statement(
        """
        INSERT INTO {schema}.unique_builds (field_number, begun_at) VALUES ($1, $2)
        ON CONFLICT ON CONSTRAINT unique_builds_pkey DO UPDATE SET begun_at = excluded.begun_at
        """)

    /// Since when, for those of the fields $1 of which this was not done; nobody else does it meanwhile.
    static let begun = Statement(
        """
        SELECT field_number, begun_at FROM {schema}.unique_builds WHERE field_number = ANY ($1)
        ORDER BY field_number FOR UPDATE
        """)

    static let end = Statement("DELETE FROM {schema}.unique_builds WHERE field_number = $1")
}

extension RecordField {
    /// SQL of the text that tells a value of the field from others, where the values of a record are in a jsonb.
    fileprivate func uniqueText(in json: String) -> String {
        let text = "(\(json)->>'\(key)')"
        return switch (kind, added?.kind) {
        case (.money(let fields), _):
            "((\(json)->'\(key)'->>'\(fields.minorUnits.name)') || ' ' || (\(json)->'\(key)'->>'\(fields.currency.name)'))"
        // One number has several texts in JSON.
        case (.double, _): "(\(text)::double precision)::text"
        case (.text, .phone): "regexp_replace(\(text), '[^0-9;]', '', 'g')"
        case (.text, _): "lower(normalize(\(text), NFKC) COLLATE \(TextOrder.root.collation))"
        default: text
        }
    }
}
