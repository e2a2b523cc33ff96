import AccessControl
import Wire

/// SQL of a record as it was: its row as it is, but for fields that had other values then, which a JSON object tells in the ledger's form.
enum RecordImage {
    /// A select of the columns of the type, under their names.
    ///
    /// - Parameters:
    ///   - row: alias of the table's row.
    ///   - values: SQL of the object.
    ///   - version: SQL of the version then.
    ///   - time: SQL of the moment of the last change then.
    ///   - sharesLast: shares are shown as if they had no end: it may have come since, and nobody was told.
    static func select(
        _ type: RecordType, row: String, values: String, version: String, time: String, sharesLast: Bool = false
    ) -> String {
        let columns = type.fields.flatMap { field -> [String] in
            switch field.role {
            case .version: ["\(version) AS \(field.column)"]
            case .updateTime: ["\(time) AS \(field.column)"]
            case .id: ["\(row).\(field.column)"]
            case .shares where sharesLast:
                [
                    ShareSQL.lasting(
                        "CASE WHEN (\(values)) ? '\(field.key)' THEN (\(values))->'\(field.key)' ELSE \(row).\(field.column) END"
                    ) + " AS \(field.column)"
                ]
            case .customFields: ["\(custom(field, row, "(\(values))")) AS \(field.column)"]
            default:
                zip(field.columns, expressions(field, "(\(values))")).map { column, then in
                    "CASE WHEN (\(values)) ? '\(field.key)' THEN \(then) ELSE \(row).\(column) END AS \(column)"
                }
            }
        }
        return "SELECT \(columns.joined(separator: ", "))"
    }

    /// SQL of the column of custom fields: those that the object has are members of it, one that was not set is none.
    private static func custom(_ field: RecordField, _ row: String, _ values: String) -> String {
        "jsonb_strip_nulls(coalesce(\(row).\(field.column), '{}') || coalesce((SELECT jsonb_object_agg(past.key, past.value) "
            + "FROM jsonb_each(\(values)) AS past WHERE past.key LIKE '\(TenantField.prefix)%'), '{}'))"
    }

    /// SQL of the field's columns, read from an object that has the field.
    private static func expressions(_ field: RecordField, _ values: String) -> [String] {
        let (json, text) = ("\(values)->'\(field.key)'", "\(values)->>'\(field.key)'")
        let elements =
            "jsonb_array_elements_text(CASE jsonb_typeof(\(json)) WHEN 'array' THEN \(json) ELSE '[]' END) AS element"
        switch field.kind {
        case .text: return [text]
        case .id: return ["(\(text))::uuid"]
        case .idArray: return ["ARRAY(SELECT element::uuid FROM \(elements))"]
        case .textArray: return ["ARRAY(SELECT element FROM \(elements))"]
        case .int32, .enumeration: return ["(\(text))::int4"]
        case .int64: return ["(\(text))::int8"]
        case .double: return ["(\(text))::float8"]
        case .bool: return ["(\(text))::bool"]
        case .time: return ["(\(text))::timestamptz"]
        case .date: return ["(\(text))::date"]
        case .money(let parts):
            return [
                "(\(json)->>'\(parts.minorUnits.name)')::int8", "\(json)->>'\(parts.currency.name)'",
            ]
        case .json: return ["nullif(\(json), 'null')"]
        }
    }
}
