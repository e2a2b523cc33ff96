import Postgres
import RPC
import Tenancy
import Wire

/// What rows hold: at most, by the limits of their fields, and in fact.
enum RowBytes {
    /// What the rows of one statement may take of a program's memory: twice the longest answer.
    static let bytesAtOnce = 2 * MessageLimits.answerBytesMax
    /// Rows that are read at a time even of the longest records: a usual page is one round trip.
    static let rowsAtOnceMin = ListQuery.pageSizeDefault
    /// Bytes of a character in UTF-8, at most.
    private static let characterBytesMax = 4
    /// Bytes of a number, an id, a moment, with what the protocol adds to a value.
    private static let valueBytes = 24

    /// Bytes of the custom fields of a record, as they are stored.
    static let customBytesMax = 64 << 10

    static func rowsAtOnce(_ fields: [RecordField]) -> Int {
        let declared = bytesMax(fields.filter { !$0.isCustom && $0.role != .customFields })
        return max(
            rowsAtOnceMin,
            bytesAtOnce / max(declared + min(bytesMax(fields.filter(\.isCustom)), customBytesMax), 1))
    }

    /// SQL of the bytes that a row holds: of its texts, which PostgreSQL knows without reading them, and room for all else.
    static func sql(_ fields: [RecordField]) -> String {
        fields.reduce("\(valueBytes * fields.count)") { sql, field in
            switch field.kind {
            case .text: "\(sql) + coalesce(octet_length(\(field.column)), 0)"
            case .json, .textArray: "\(sql) + coalesce(octet_length(\(field.column)::text), 0)"
            case .idArray: "\(sql) + \(RecordID.textBytes) * coalesce(cardinality(\(field.column)), 0)"
            case .id, .int32, .int64, .double, .bool, .time, .date, .enumeration, .money: sql
            }
        }
    }

    /// The first of the records that `part` selects, in this order: as many as may be in memory at once, one at least. A last column sums
    /// up their bytes.
    static func bounded(_ part: String, by order: String, _ source: RecordSource) -> String {
        let type = source.type
        return """
            SELECT \(source.columnList), bytes_read FROM (
                SELECT *, sum(\(type.rowBytes)) OVER (ORDER BY \(order) ROWS UNBOUNDED PRECEDING) AS bytes_read
                FROM (\(part)) AS part
            ) AS measured WHERE bytes_read - (\(type.rowBytes)) <= \(bytesAtOnce) ORDER BY \(order)
            """
    }

    /// Whether there are more rows than a bounded statement gave.
    static func areCut(_ rows: Rows, _ source: RecordSource) throws -> Bool {
        try rows.last.map { try $0.int64(source.type.columnCount + source.added.count) > bytesAtOnce } ?? false
    }

    /// Throws RESOURCE_EXHAUSTED with ANSWER_TOO_LONG when there are more.
    static func check(_ rows: Rows, _ source: RecordSource) throws {
        if try areCut(rows, source) { throw tooMany(source.type) }
    }

    /// RESOURCE_EXHAUSTED with ANSWER_TOO_LONG.
    static func tooMany(_ type: RecordType) -> RPCError {
        RecordErrors.answerTooLong(
            "The \(type.table) asked for hold more than \(bytesAtOnce) bytes; ask for fewer at a time.")
    }

    /// The bytes that a row holds.
    static func count(_ row: Row, of type: RecordType) -> Int {
        (0..<type.columnCount).reduce(valueBytes * type.fields.count) { $0 + row.bytes($1).count }
    }

    /// The bytes that values of these fields take, at most.
    static func bytesMax(_ fields: [RecordField]) -> Int {
        fields.reduce(0) { $0 + bytesMax($1.descriptor, $1.rules) }
    }

    private static func bytesMax(_ field: FieldDescriptor, _ rules: FieldRules) -> Int {
        let count = field.isRepeated ? rules.count?.upperBound ?? RecordValidator.elementCountMax : 1
        switch field.kind {
        case .string: return count * (characterBytesMax * (rules.text?.lengthMax ?? 0) + valueBytes)
        case .message(let descriptor):
            return count
                * descriptor.fields.reduce(valueBytes) { $0 + bytesMax($1, rules.items[$1.name] ?? FieldRules()) }
        default: return count * valueBytes
        }
    }
}

extension RecordType {
    /// As many ids at a time as records may be read at once, however long each is.
    func parts(of ids: [RecordID]) -> [[RecordID]] {
        stride(from: 0, to: ids.count, by: rowsAtOnce).map { Array(ids[$0..<min($0 + rowsAtOnce, ids.count)]) }
    }
}
