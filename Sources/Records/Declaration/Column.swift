import Wire

/// How a field lies in its table.
enum ColumnKind: Sendable {
    case text
    /// uuid; 36 characters in the message.
    case id
    /// uuid[].
    case idArray
    /// text[].
    case textArray
    case int32
    case int64
    case double
    case bool
    /// timestamptz; google.protobuf.Timestamp in the message.
    case time(TimestampFields)
    /// date; YYYY-MM-DD in the message.
    case date
    /// integer.
    case enumeration(EnumDescriptor)
    /// Two columns, minor units (bigint) and currency (text).
    case money(MoneyFields)
    /// jsonb, with the names of the proto file inside.
    case json(MessageDescriptor)

    /// Type names as information_schema.columns.udt_name gives them, one for each column.
    var databaseTypes: [String] {
        switch self {
        case .text: ["text"]
        case .id: ["uuid"]
        case .idArray: ["_uuid"]
        case .textArray: ["_text"]
        case .int32, .enumeration: ["int4"]
        case .int64: ["int8"]
        case .double: ["float8"]
        case .bool: ["bool"]
        case .time: ["timestamptz"]
        case .date: ["date"]
        case .money: ["int8", "text"]
        case .json: ["jsonb"]
        }
    }
}

/// The fields of google.protobuf.Timestamp.
struct TimestampFields: Sendable {
    let seconds: FieldDescriptor
    let nanos: FieldDescriptor

    init?(_ message: MessageDescriptor) {
        guard message.name == "google.protobuf.Timestamp", let seconds = message.field("seconds"),
            let nanos = message.field("nanos")
        else { return nil }
        self.seconds = seconds
        self.nanos = nanos
    }
}

/// The fields of steward.type.v1.Money.
struct MoneyFields: Sendable {
    let currency: FieldDescriptor
    let minorUnits: FieldDescriptor

    init?(_ message: MessageDescriptor) {
        guard message.name == "steward.type.v1.Money", let currency = message.field("currency_code"),
            let minorUnits = message.field("minor_units")
        else { return nil }
        self.currency = currency
        self.minorUnits = minorUnits
    }
}

extension ColumnKind {
    /// The kind that follows from a field's type and name; nil for a type that has none. A text whose length or format
    /// is declared stays a text, whatever its name.
    init?(_ field: FieldDescriptor, isPlainText: Bool) {
        switch field.kind {
        case .message(let descriptor):
            if field.isRepeated {
                self = .json(descriptor)
            } else if let fields = TimestampFields(descriptor) {
                self = .time(fields)
            } else if let fields = MoneyFields(descriptor) {
                self = .money(fields)
            } else {
                self = .json(descriptor)
            }
        case .string where field.isRepeated: self = field.name.hasSuffix("_ids") ? .idArray : .textArray
        case _ where field.isRepeated: return nil
        case .string:
            if isPlainText {
                self = .text
            } else if field.name == "id" || field.name.hasSuffix("_id") {
                self = .id
            } else {
                self = field.name.hasSuffix("_date") ? .date : .text
            }
        case .int32, .sint32, .sfixed32: self = .int32
        case .int64, .sint64, .sfixed64: self = .int64
        case .double: self = .double
        case .bool: self = .bool
        case .enumeration(let values): self = .enumeration(values)
        case .uint32, .fixed32, .uint64, .fixed64, .float, .bytes: return nil
        }
    }

    /// Column names that follow from a field's name.
    func columnNames(for field: String) -> [String] {
        switch self {
        case .money: ["\(field)_minor", "\(field)_currency"]
        case .time: [ColumnKind.standardTimes[field] ?? ColumnKind.replace("_time", by: "_at", in: field)]
        case .date: [ColumnKind.replace("_date", by: "_on", in: field)]
        case .json where field == "custom_fields": ["custom"]
        default: [field]
        }
    }

    private static let standardTimes = [
        "create_time": "created_at", "update_time": "updated_at", "delete_time": "deleted_at",
    ]

    private static func replace(_ suffix: String, by other: String, in name: String) -> String {
        name.hasSuffix(suffix) ? name.dropLast(suffix.count) + other : name
    }
}
