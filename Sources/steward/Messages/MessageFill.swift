import FoundationEssentials
import Tenancy
import Wire

/// Fills messages from JSON, with errors that name the field.
enum MessageFill {
    static func fill(_ message: Message, from json: JSONValue, path: String = "") throws {
        if message.descriptor.name == "google.protobuf.Timestamp" {
            guard case .string(let text) = json else { throw wrong(path, "a time as text", json) }
            return try set(message, time: text, path: path)
        }
        guard case .object(let members) = json else { throw wrong(path, "an object", json) }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let field = message.descriptor.field(name) else {
                throw unknown(name, in: message.descriptor, path: path)
            }
            guard value != .null else { continue }
            try set(field, of: message, to: value, path: join(path, name))
        }
    }

    static func set(_ field: FieldDescriptor, of message: Message, to value: JSONValue, path: String) throws {
        guard field.isRepeated else { return try setSingle(field, of: message, to: value, path: path) }
        guard case .array(let elements) = value else { throw wrong(path, "an array", value) }
        message.setRepeated(field, count: elements.count)
        for (index, element) in elements.enumerated() {
            try setElement(field, of: message, at: index, to: element, path: "\(path)[\(index)]")
        }
    }

    private static func setSingle(
        _ field: FieldDescriptor, of message: Message, to value: JSONValue, path: String
    ) throws {
        switch field.kind {
        case .string: message.setString(field, try string(value, path))
        case .bytes: message.setBytes(field, try bytes(value, path))
        case .bool: message.setBool(field, try bool(value, path))
        case .int32, .sint32, .sfixed32: message.setInt32(field, try integer(value, path))
        case .int64, .sint64, .sfixed64: message.setInt64(field, try integer(value, path))
        case .uint32, .fixed32: message.setUInt32(field, try integer(value, path))
        case .uint64, .fixed64: message.setUInt64(field, try integer(value, path))
        case .float: message.setFloat(field, Float(try double(value, path)))
        case .double: message.setDouble(field, try double(value, path))
        case .enumeration(let type): message.setInt32(field, try enumeration(value, type, path))
        case .message: try fill(message.makeMessage(field), from: value, path: path)
        }
    }

    private static func setElement(
        _ field: FieldDescriptor, of message: Message, at index: Int, to value: JSONValue, path: String
    ) throws {
        switch field.kind {
        case .string: message.setString(field, at: index, try string(value, path))
        case .bytes:
            let bytes = try bytes(value, path)
            bytes.withUnsafeBytes { message.setBytes(field, at: index, $0) }
        case .bool: message.setBool(field, at: index, try bool(value, path))
        case .int32, .sint32, .sfixed32: message.setInt32(field, at: index, try integer(value, path))
        case .int64, .sint64, .sfixed64: message.setInt64(field, at: index, try integer(value, path))
        case .uint32, .fixed32: message.setUInt32(field, at: index, try integer(value, path))
        case .uint64, .fixed64: message.setUInt64(field, at: index, try integer(value, path))
        case .float: message.setFloat(field, at: index, Float(try double(value, path)))
        case .double: message.setDouble(field, at: index, try double(value, path))
        case .enumeration(let type): message.setInt32(field, at: index, try enumeration(value, type, path))
        case .message(let type):
            let element = Message.make(type, in: message.arena)
            message.setMessage(field, at: index, element)
            try fill(element, from: value, path: path)
        }
    }

    /// Sets a google.protobuf.Timestamp from RFC 3339.
    static func set(_ message: Message, time text: String, path: String) throws {
        guard let time = Timestamp(text), let seconds = message.descriptor.field("seconds"),
            let nanos = message.descriptor.field("nanos")
        else {
            throw UsageProblem(
                "\(path): \(text) is not a time", cure: "write it as 2026-11-21T09:30:00Z or 2026-11-21")
        }
        let wholeSeconds =
            time.microseconds >= 0 ? time.microseconds / 1_000_000 : (time.microseconds - 999_999) / 1_000_000
        message.setInt64(seconds, wholeSeconds)
        message.setInt32(nanos, Int32(time.microseconds - wholeSeconds * 1_000_000) * 1000)
    }

    static func unknown(_ name: String, in type: MessageDescriptor, path: String) -> UsageProblem {
        let names = type.fields.map(\.name)
        let near = NearNames.of(name, among: names).joined(separator: " or ")
        return UsageProblem(
            "\(join(path, name)): \(type.shortName) has no such field",
            cure: (near.isEmpty ? "" : "did you mean \(near)? ") + "use one of: \(names.joined(separator: ", "))")
    }

    static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private static func wrong(_ path: String, _ wanted: String, _ value: JSONValue) -> UsageProblem {
        let name = path.isEmpty ? "the message" : path
        if case .string(let text) = value {
            return UsageProblem("\(name): \(text) does not fit", cure: "give \(wanted)")
        }
        return UsageProblem("\(name) is \(value.kind)", cure: "give \(wanted)")
    }

    private static func string(_ value: JSONValue, _ path: String) throws -> String {
        guard case .string(let text) = value else { throw wrong(path, "a text, in quotes", value) }
        if let position = text.utf8.enumerated().first(where: { $0.element == 0 })?.offset {
            throw UsageProblem(
                "\(path): the byte 00 at position \(position + 1), a NUL character, may stand in no text",
                cure: "take it out")
        }
        return text
    }

    private static func bytes(_ value: JSONValue, _ path: String) throws -> [UInt8] {
        guard case .string(let text) = value, let data = Data(base64Encoded: text) else {
            throw wrong(path, "bytes as base64 text", value)
        }
        return [UInt8](data)
    }

    private static func bool(_ value: JSONValue, _ path: String) throws -> Bool {
        guard case .bool(let truth) = value else { throw wrong(path, "true or false", value) }
        return truth
    }

    private static func integer<Integer: FixedWidthInteger>(_ value: JSONValue, _ path: String) throws -> Integer {
        let number: Integer? =
            switch value {
            case .integer(let number): Integer(exactly: number)
            case .unsigned(let number): Integer(exactly: number)
            case .string(let text): Integer(text)
            default: nil
            }
        if number == nil, case .string(let text) = value, !text.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == "-") })
        {
            let unit = path.hasSuffix("_seconds") ? " of seconds, as in 3600" : ", as in 12"
            throw UsageProblem("\(path): \(text) is no whole number", cure: "give a whole number\(unit)")
        }
        guard let number else {
            throw wrong(path, "a whole number from \(Integer.min) to \(Integer.max)", value)
        }
        return number
    }

    private static func double(_ value: JSONValue, _ path: String) throws -> Double {
        switch value {
        case .integer(let number): return Double(number)
        case .unsigned(let number): return Double(number)
        case .number(let number): return number
        case .string(let text):
            // As infinities are written, which JSON has no numbers for.
            guard let number = Double(text) else { throw wrong(path, "a number", value) }
            return number
        default: throw wrong(path, "a number", value)
        }
    }

    private static func enumeration(_ value: JSONValue, _ type: EnumDescriptor, _ path: String) throws -> Int32 {
        if case .string(let name) = value, let number = FieldText.number(name, of: type) { return number }
        if case .integer(let number) = value, let number = Int32(exactly: number) { return number }
        throw wrong(path, "one of " + FieldText.names(of: type).joined(separator: ", "), value)
    }
}
