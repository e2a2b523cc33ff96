import FoundationEssentials
import Tenancy
import Wire

/// JSON of protocol messages: names as in the proto files, enums by name, bytes in base64, times in RFC 3339. Whole numbers of
/// 64 bits are strings, as protobuf's JSON mapping has them: many readers of JSON keep 53 bits of a number.
enum MessageJSON {
    static func text(_ message: Message) -> String {
        if let time = timestamp(message) { return JSONText.quoted(time.text) }
        return JSONText.object(
            message.descriptor.fields.filter { message.has($0) }.map { ($0.name, value($0, of: message)) })
    }

    /// The value of a field; null when it is not set.
    static func value(_ field: FieldDescriptor, of message: Message) -> String {
        guard message.has(field) || field.isRepeated else { return "null" }
        if field.isRepeated {
            return JSONText.array((0..<message.count(field)).map { element(field, of: message, at: $0) })
        }
        switch field.kind {
        case .string: return JSONText.quoted(message.string(field) ?? "")
        case .bytes: return JSONText.quoted(base64(message.bytes(field)))
        case .bool: return message.bool(field) ? "true" : "false"
        case .enumeration(let type): return enumeration(message.int32(field), type)
        case .message: return message.message(field).map { text($0) } ?? "null"
        default: return number(FieldText.number(field, of: message), field)
        }
    }

    private static func element(_ field: FieldDescriptor, of message: Message, at index: Int) -> String {
        switch field.kind {
        case .string: JSONText.quoted(message.string(field, at: index))
        case .bytes: JSONText.quoted(base64(message.bytes(field, at: index)))
        case .bool: message.bool(field, at: index) ? "true" : "false"
        case .enumeration(let type): enumeration(message.int32(field, at: index), type)
        case .message: text(message.message(field, at: index))
        default: number(FieldText.number(field, of: message, at: index), field)
        }
    }

    private static func enumeration(_ number: Int32, _ type: EnumDescriptor) -> String {
        type.name(of: number).map { JSONText.quoted($0) } ?? String(number)
    }

    /// JSON has no infinities either; they become text.
    private static func number(_ text: String, _ field: FieldDescriptor) -> String {
        switch field.kind {
        case .int64, .sint64, .sfixed64, .uint64, .fixed64: JSONText.quoted(text)
        case .float, .double: Double(text)?.isFinite == true ? text : JSONText.quoted(text)
        default: text
        }
    }

    static func base64(_ bytes: UnsafeRawBufferPointer) -> String {
        Data(bytes).base64EncodedString()
    }

    /// The time that a google.protobuf.Timestamp holds; nil for other messages.
    static func timestamp(_ message: Message) -> Timestamp? {
        guard message.descriptor.name == "google.protobuf.Timestamp",
            let seconds = message.descriptor.field("seconds"), let nanos = message.descriptor.field("nanos")
        else { return nil }
        return Timestamp(
            microseconds: message.int64(seconds) * 1_000_000 + Int64(message.int32(nanos)) / 1000)
    }
}
