import Postgres
import Wire

/// The place of one record in a sort order: the values of its keys. The next page begins after it.
struct Keyset: Hashable, Sendable {
    /// One for each key of the order; nil is not set.
    let values: [FieldValue?]

    init(values: [FieldValue?]) {
        self.values = values
    }

    /// The place of a record, from its row: the columns of the type, then those that the source of the order adds.
    init(_ row: Row, in order: SortOrder, arena: Arena) throws {
        let type = order.source.type
        let record = try type.record(row, in: arena)
        values = try order.keys.map { key in
            guard let added = key.addedColumn else { return key.target.values(in: record).first }
            return try key.target.value(row, type.columnCount + added)
        }
    }

    /// It has a value of the right type for each key: a name may stand for a field of another kind than when the place was told.
    func fits(_ order: SortOrder) -> Bool {
        values.count == order.keys.count
            && zip(values, order.keys).allSatisfy { value, key in value.map(key.target.type.takes) ?? true }
    }

    /// The place in the order without its first key.
    var withoutFirst: Keyset { Keyset(values: Array(values.dropFirst())) }

    /// SQL that selects what comes after this place, with its parameters appended.
    func condition(_ order: SortOrder, _ parameters: inout Parameters) -> String {
        if let row = rowComparison(order, &parameters) { return row }
        var alternatives: [String] = []
        var equals: [String] = []
        for (key, value) in zip(order.keys, values) {
            var reference: String?
            if let value {
                parameters.append(value)
                reference = "$\(parameters.count)"
            }
            if let after = Keyset.after(key, reference) {
                alternatives.append("(" + (equals + [after]).joined(separator: " AND ") + ")")
            }
            equals.append(reference.map { "\(key.expression) = \($0)" } ?? "\(key.expression) IS NULL")
        }
        return "(" + alternatives.joined(separator: " OR ") + ")"
    }

    /// One comparison of rows, which PostgreSQL answers from an index on the keys: possible when all keys go the same
    /// way and none can be NULL.
    private func rowComparison(_ order: SortOrder, _ parameters: inout Parameters) -> String? {
        let isDescending = order.keys[0].isDescending
        guard order.keys.allSatisfy({ $0.isDescending == isDescending && !$0.isNullable }),
            values.allSatisfy({ $0 != nil })
        else { return nil }
        var references: [String] = []
        for value in values {
            if let value { parameters.append(value) }
            references.append("$\(parameters.count)")
        }
        let columns = order.keys.map(\.expression).joined(separator: ", ")
        return "(\(columns)) \(isDescending ? "<" : ">") (\(references.joined(separator: ", ")))"
    }

    /// What is after a value in one key, what is not set being last. Nil when nothing can come after.
    private static func after(_ key: SortOrder.Key, _ reference: String?) -> String? {
        guard let reference else { return nil }
        let beyond = "\(key.expression) \(key.isDescending ? "<" : ">") \(reference)"
        return key.isNullable ? "(\(beyond) OR \(key.expression) IS NULL)" : beyond
    }
}

extension FilterTarget.ValueType {
    /// Whether a value is one of those that are compared so.
    fileprivate func takes(_ value: FieldValue) -> Bool {
        switch (self, value) {
        case (.text, .text), (.id, .id), (.integer, .integer), (.enumeration, .integer), (.number, .number),
            (.flag, .flag),
            (.time, .time), (.date, .date):
            true
        default: false
        }
    }
}
