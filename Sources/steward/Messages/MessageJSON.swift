import FoundationEssentials
import Tenancy
import Wire

/// JSON of protocol messages: names as in the proto files, enums by name, bytes in base64, times in RFC 3339. Numbers are
/// JSON numbers, of 64 bits too.
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
        default: return number(field, of: message)
        }
    }

    private static func element(_ field: FieldDescriptor, of message: Message, at index: Int) -> String {
        switch field.kind {
        case .string: JSONText.quoted(message.string(field, at: index))
        case .bytes: JSONText.quoted(base64(message.bytes(field, at: index)))
        case .bool: message.bool(field, at: index) ? "true" : "false"
        case .enumeration(let type): enumeration(message.int32(field, at: index), type)
        case .message: text(message.message(field, at: index))
        default: number(field, of: message, at: index)
        }
    }

    private static func enumeration(_ number: Int32, _ type: EnumDescriptor) -> String {
        type.name(of: number).map { JSONText.quoted($0) } ?? String(number)
    }

    static func number(_ field: FieldDescriptor, of message: Message) -> String {
        switch field.kind {
        case .int32, .sint32, .sfixed32: String(message.int32(field))
        case .int64, .sint64, .sfixed64: String(message.int64(field))
        case .uint32, .fixed32: String(message.uint32(field))
        case .uint64, .fixed64: String(message.uint64(field))
        case .float: finite(Double(message.float(field)))
        case .double: finite(message.double(field))
        case .bool, .enumeration, .string, .bytes, .message: ""
        }
    }

    static func number(_ field: FieldDescriptor, of message: Message, at index: Int) -> String {
        switch field.kind {
        case .int32, .sint32, .sfixed32: String(message.int32(field, at: index))
        case .int64, .sint64, .sfixed64: String(message.int64(field, at: index))
        case .uint32, .fixed32: String(message.uint32(field, at: index))
        case .uint64, .fixed64: String(message.uint64(field, at: index))
        case .float: finite(Double(message.float(field, at: index)))
        case .double: finite(message.double(field, at: index))
        case .bool: message.bool(field, at: index) ? "yes" : "no"
        case .enumeration, .string, .bytes, .message: ""
        }
    }

    /// JSON has no infinities; they become text.
    private static func finite(_ number: Double) -> String {
        number.isFinite ? String(number) : JSONText.quoted(String(number))
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
