import Wire

/// The most that rows can hold, by the limits of their fields.
enum RowBytes {
    /// What the rows of one statement may take of a program's memory: twice the longest answer.
    static let bytesAtOnce = 2 * MessageLimits.answerBytesMax
    /// Rows that are read at a time even of the longest records: a usual page is one round trip.
    static let rowsAtOnceMin = ListQuery.pageSizeDefault
    /// Bytes of a character in UTF-8, at most.
    private static let characterBytesMax = 4
    /// Bytes of a number, an id, a moment, with what the protocol adds to a value.
    private static let valueBytes = 24

    /// No record has custom fields yet (`RecordValidator`).
    static func rowsAtOnce(_ fields: [RecordField]) -> Int {
        let bytes = fields.filter { $0.role != .customFields }.reduce(0) { $0 + bytesMax($1.descriptor, $1.rules) }
        return max(rowsAtOnceMin, bytesAtOnce / max(bytes, 1))
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
