import Tenancy
import Wire

/// What a path in a filter or a sort key stands for.
struct FilterTarget: Sendable {
    /// How values are compared.
    enum ValueType: Sendable {
        case text, id, integer, number, flag, time, date
        case enumeration(EnumDescriptor)
        /// Amounts of the same currency; those of different ones are neither equal nor more nor less.
        case money
        /// Can only be tested for being set.
        case opaque
    }

    /// Where the values are.
    enum Place: Sendable {
        /// In a column of its own; each of the two of money is one, too.
        case column(String)
        /// In the two columns of money.
        case money(minorUnits: String, currency: String)
        /// In an array column.
        case array(String)
        /// In the objects of a jsonb column, or in the only one.
        case nested(column: String, key: FieldDescriptor, isRepeated: Bool)
        /// The jsonb column as a whole.
        case json(String)
    }

    let field: RecordField
    /// As the client wrote it.
    let path: String
    let type: ValueType
    let place: Place
    /// By which records are found that have a text within it; nil where no index has them.
    let part: PartIndex.Part?

    /// Resolves a path; nil when the record type has no such field, or none that can be compared.
    init?(_ path: String, in type: RecordType) {
        let parts = path.split(separator: ".", omittingEmptySubsequences: false)
        // The name of a custom field has two parts.
        let length = parts.count > 1 && parts[0] == RecordField.customColumn ? 2 : 1
        guard parts.count <= length + 1, let field = type.field(parts.prefix(length).joined(separator: ".")) else {
            return nil
        }
        self.field = field
        self.path = path
        let resolved =
            parts.count == length
            ? FilterTarget.whole(field) : FilterTarget.part(String(parts[length]), of: field)
        guard let (valueType, place) = resolved else { return nil }
        self.type = valueType
        self.place = place
        part = type.partIndex?.part(field)
    }

    private static func whole(_ field: RecordField) -> (ValueType, Place)? {
        switch field.kind {
        case .text: (.text, .column(field.column))
        case .id: (.id, .column(field.column))
        case .idArray: (.id, .array(field.column))
        case .textArray: (.text, .array(field.column))
        case .int32, .int64: (.integer, .column(field.column))
        case .double: (.number, .column(field.column))
        case .bool: (.flag, .column(field.column))
        case .time: (.time, .column(field.column))
        case .date: (.date, .column(field.column))
        case .enumeration(let values): (.enumeration(values), .column(field.column))
        case .money: (.money, .money(minorUnits: field.expressions[0], currency: field.expressions[1]))
        case .json where field.role == .customFields: nil
        case .json: (.opaque, .json(field.column))
        }
    }

    private static func part(_ name: String, of field: RecordField) -> (ValueType, Place)? {
        switch field.kind {
        case .money(let fields):
            switch name {
            case fields.minorUnits.name: return (.integer, .column(field.expressions[0]))
            case fields.currency.name: return (.text, .column(field.expressions[1]))
            default: return nil
            }
        case .json(let message) where field.role != .customFields:
            guard let key = message.field(name), !key.isRepeated, let type = nestedType(key) else {
                return nil
            }
            return (type, .nested(column: field.column, key: key, isRepeated: field.descriptor.isRepeated))
        default: return nil
        }
    }

    private static func nestedType(_ key: FieldDescriptor) -> ValueType? {
        switch key.kind {
        case .string: .text
        case .bool: .flag
        case .int32, .sint32, .sfixed32, .int64, .sint64, .sfixed64: .integer
        case .double: .number
        case .enumeration(let values): .enumeration(values)
        default: nil
        }
    }
}

extension FilterTarget {
    /// Of its texts.
    var format: FieldFormat? {
        switch place {
        case .column, .array: if case .money = field.kind { nil } else { field.rules.format }
        case .nested(_, let key, _): field.rules.items[key.name]?.format
        case .money, .json: nil
        }
    }

    /// Its texts are ways to reach somebody.
    var isReach: Bool {
        if case .nested(_, let key, _) = place { field.rules.items[key.name]?.isReach == true } else { false }
    }
}

// Values in memory.
extension FilterTarget {
    /// The values that a record holds at the path: none, one, or several for a repeated field.
    func values(in record: Message) -> [FieldValue] {
        switch place {
        case .column, .money: single(in: record).map { [$0] } ?? []
        case .array: elements(in: record)
        case .nested(_, let key, _): items(in: record).compactMap { FilterTarget.value(key, of: $0) }
        case .json: []
        }
    }

    /// The path holds anything.
    func isSet(in record: Message) -> Bool {
        switch place {
        case .column, .money, .array, .json: record.has(field.descriptor)
        case .nested: !values(in: record).isEmpty
        }
    }

    private func single(in record: Message) -> FieldValue? {
        guard case .money(let fields) = field.kind else { return field.value(in: record) }
        guard let money = record.message(field.descriptor) else { return nil }
        let minorUnits = money.int64(fields.minorUnits)
        switch type {
        case .text: return money.string(fields.currency).map { .text($0) }
        case .money: return money.string(fields.currency).map { .money(minorUnits: minorUnits, currency: $0) }
        default: return .integer(minorUnits)
        }
    }

    private func elements(in record: Message) -> [FieldValue] {
        let texts = record.strings(field.descriptor)
        if case .id = type { return texts.compactMap { RecordID($0) }.map { .id($0) } }
        return texts.map { .text($0) }
    }

    private func items(in record: Message) -> [Message] {
        field.descriptor.isRepeated
            ? record.messages(field.descriptor) : record.message(field.descriptor).map { [$0] } ?? []
    }

    private static func value(_ key: FieldDescriptor, of item: Message) -> FieldValue? {
        guard item.has(key) else { return nil }
        switch key.kind {
        case .string: return item.string(key).map { .text($0) }
        case .bool: return .flag(item.bool(key))
        case .int32, .sint32, .sfixed32, .enumeration: return .integer(Int64(item.int32(key)))
        case .int64, .sint64, .sfixed64: return .integer(item.int64(key))
        case .double: return .number(item.double(key))
        default: return nil
        }
    }
}
