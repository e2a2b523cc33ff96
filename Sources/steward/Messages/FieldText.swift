import Money
import Tenancy
import Wire

/// Short forms of values for people: tables, CSV, and messages about them.
enum FieldText {
    /// The value of a field; empty when it is not set.
    static func text(_ field: FieldDescriptor, of message: Message) -> String {
        guard message.has(field) else { return "" }
        if field.isRepeated {
            return (0..<message.count(field)).map { element(field, of: message, at: $0) }.joined(separator: ", ")
        }
        switch field.kind {
        case .string: return message.string(field) ?? ""
        case .bytes: return MessageJSON.base64(message.bytes(field))
        case .bool: return message.bool(field) ? "yes" : "no"
        case .enumeration(let type): return name(message.int32(field), of: type)
        case .message: return message.message(field).map { nested($0) } ?? ""
        default: return number(field, of: message)
        }
    }

    /// The value as a cell of CSV, which `FieldAssignment.set` reads as the same value: what has parts is JSON.
    static func cell(_ field: FieldDescriptor, of message: Message) -> String {
        guard message.has(field) else { return "" }
        if case .string = field.kind, field.isRepeated { return ListText.text(message.strings(field)) }
        let isJSON =
            if case .message(let type) = field.kind {
                !["Money", "MoneySum", "Timestamp"].contains(type.shortName)
            } else {
                false
            }
        if isJSON { return JSONText.line(MessageJSON.value(field, of: message)) }
        let text = text(field, of: message)
        return switch field.kind {
        case .double, .float: field.isRepeated ? text : PlainNumber.text(text)
        default: text
        }
    }

    private static func element(_ field: FieldDescriptor, of message: Message, at index: Int) -> String {
        switch field.kind {
        case .string: message.string(field, at: index)
        case .message: nested(message.message(field, at: index))
        case .enumeration(let type): name(message.int32(field, at: index), of: type)
        case .bytes: MessageJSON.base64(message.bytes(field, at: index))
        default: number(field, of: message, at: index)
        }
    }

    /// Times and money as people write them; of other messages, the values side by side, and in parentheses the label and
    /// what is true: email o@x.example (work, primary, opted out).
    private static func nested(_ message: Message) -> String {
        if let time = MessageJSON.timestamp(message) { return time.text }
        if let money = money(message) { return money }
        var (values, notes): ([String], [String]) = ([], [])
        for field in message.descriptor.fields where message.has(field) {
            if case .bool = field.kind, !field.name.hasSuffix("_value") {
                if message.bool(field) { notes.append(field.name.replacing("_", with: " ")) }
            } else if field.name == "label" {
                notes.append(text(field, of: message))
            } else {
                values.append(text(field, of: message))
            }
        }
        return (values + (notes.isEmpty ? [] : ["(\(notes.joined(separator: ", ")))"])).joined(separator: " ")
    }

    /// A Money, or a sum of some that may be longer; nil for other messages and for a part of one.
    private static func money(_ message: Message) -> String? {
        func text(_ name: String) -> String? {
            guard let field = message.descriptor.field(name), message.has(field) else { return nil }
            return self.text(field, of: message)
        }
        guard ["Money", "MoneySum"].contains(message.descriptor.shortName), let currency = text("currency_code"),
            let digits = text("large_minor_units") ?? text("minor_units")
        else { return nil }
        return MoneyText.text(minorUnitDigits: digits, currency: currency)
    }

    /// A number in digits; empty for what is no number.
    static func number(_ field: FieldDescriptor, of message: Message) -> String {
        switch field.kind {
        case .int32, .sint32, .sfixed32: String(message.int32(field))
        case .int64, .sint64, .sfixed64: String(message.int64(field))
        case .uint32, .fixed32: String(message.uint32(field))
        case .uint64, .fixed64: String(message.uint64(field))
        case .float: String(Double(message.float(field)))
        case .double: String(message.double(field))
        case .bool, .enumeration, .string, .bytes, .message: ""
        }
    }

    static func number(_ field: FieldDescriptor, of message: Message, at index: Int) -> String {
        switch field.kind {
        case .int32, .sint32, .sfixed32: String(message.int32(field, at: index))
        case .int64, .sint64, .sfixed64: String(message.int64(field, at: index))
        case .uint32, .fixed32: String(message.uint32(field, at: index))
        case .uint64, .fixed64: String(message.uint64(field, at: index))
        case .float: String(Double(message.float(field, at: index)))
        case .double: String(message.double(field, at: index))
        case .bool: message.bool(field, at: index) ? "yes" : "no"
        case .enumeration, .string, .bytes, .message: ""
        }
    }

    /// An enum value without the prefix that all values of the enum share, as in open.
    static func name(_ number: Int32, of type: EnumDescriptor) -> String {
        guard let name = type.name(of: number) else { return String(number) }
        return String(name.dropFirst(prefix(of: type).count)).lowercased()
    }

    /// The number of a value given in full or without the prefix, in either case.
    static func number(_ name: String, of type: EnumDescriptor) -> Int32? {
        let upper = name.uppercased().replacing("-", with: "_")
        return type.number(of: upper) ?? type.number(of: prefix(of: type) + upper)
    }

    /// The short names of all values but the unspecified one.
    static func names(of type: EnumDescriptor) -> [String] {
        type.values.filter { $0.number != 0 }.map { name($0.number, of: type) }
    }

    /// As in STAGE_CATEGORY_: the part that all names share, up to its last underscore.
    private static func prefix(of type: EnumDescriptor) -> String {
        let names = type.values.map(\.name)
        guard names.count > 1, var shared = names.first else { return "" }
        for name in names { shared = String(zip(shared, name).prefix { $0 == $1 }.map(\.0)) }
        return String(shared[..<(shared.lastIndex(of: "_").map { shared.index(after: $0) } ?? shared.startIndex)])
    }
}
