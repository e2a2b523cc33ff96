import Reactor
import Tenancy
import Wire

/// Writes messages as JSON with the field names of the proto file: the form of jsonb columns and of the ledger.
/// Timestamps become RFC 3339 text, enums numbers; what is not set is left out.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []

    /// An object with the fields that are set.
    mutating func write(_ message: Message) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for field in message.descriptor.fields where message.has(field) {
            writeKey(field.name, isFirst: &isFirst)
            write(field, of: message)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// An object with the given fields of a record, under their keys; those that are not set are null.
    mutating func write(_ fields: [RecordField], of record: Message) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for field in fields {
            writeKey(field.key, isFirst: &isFirst)
            if record.has(field.descriptor) {
                write(field.descriptor, of: record)
            } else {
                write(literal: "null")
            }
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// The value of a field that is set.
    mutating func write(_ field: FieldDescriptor, of message: Message) {
        guard field.isRepeated else { return writeSingle(field, of: message) }
        bytes.append(UInt8(ascii: "["))
        for index in 0..<message.count(field) {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            writeElement(field, of: message, at: index)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func writeSingle(_ field: FieldDescriptor, of message: Message) {
        switch field.kind {
        case .string: if let text = message.utf8(field) { write(text: text) }
        case .bool: write(literal: message.bool(field) ? "true" : "false")
        case .int32, .sint32, .sfixed32, .enumeration: write(literal: String(message.int32(field)))
        case .int64, .sint64, .sfixed64: write(literal: String(message.int64(field)))
        case .uint32, .fixed32: write(literal: String(message.uint32(field)))
        case .uint64, .fixed64: write(literal: String(message.uint64(field)))
        case .double: write(number: message.double(field))
        case .float: write(number: Double(message.float(field)))
        case .bytes: writeBytes(message.bytes(field))
        case .message: if let nested = message.message(field) { writeNested(nested) }
        }
    }

    private mutating func writeElement(_ field: FieldDescriptor, of message: Message, at index: Int) {
        switch field.kind {
        case .string: write(text: message.utf8(field, at: index))
        case .bool: write(literal: message.bool(field, at: index) ? "true" : "false")
        case .int32, .sint32, .sfixed32, .enumeration: write(literal: String(message.int32(field, at: index)))
        case .int64, .sint64, .sfixed64: write(literal: String(message.int64(field, at: index)))
        case .uint32, .fixed32: write(literal: String(message.uint32(field, at: index)))
        case .uint64, .fixed64: write(literal: String(message.uint64(field, at: index)))
        case .double: write(number: message.double(field, at: index))
        case .float: write(number: Double(message.float(field, at: index)))
        case .bytes: writeBytes(message.bytes(field, at: index))
        case .message: writeNested(message.message(field, at: index))
        }
    }

    private mutating func writeNested(_ message: Message) {
        guard let fields = TimestampFields(message.descriptor) else { return write(message) }
        write(text: message.timestamp(fields).text)
    }

    /// An array whose elements `element` writes.
    mutating func writeArray<Element>(_ elements: [Element], _ element: (inout JSONWriter, Element) -> Void) {
        bytes.append(UInt8(ascii: "["))
        writeSeparated(elements, element)
        bytes.append(UInt8(ascii: "]"))
    }

    /// An array whose elements `element` writes, one after the other at that pace.
    mutating func writeArray<Element>(
        _ elements: [Element], _ pace: inout Pace, _ element: (inout JSONWriter, Element) -> Void
    ) async {
        bytes.append(UInt8(ascii: "["))
        for (index, each) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            element(&self, each)
            await pace.step()
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// An object whose members `member` writes, key and value.
    mutating func writeObject<Element>(_ elements: [Element], _ member: (inout JSONWriter, Element) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        writeSeparated(elements, member)
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func writeSeparated<Element>(
        _ elements: [Element], _ element: (inout JSONWriter, Element) -> Void
    ) {
        for (index, each) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            element(&self, each)
        }
    }

    /// An object of one text.
    mutating func write(key: String, text: String) {
        writeObject([text]) { writer, text in
            var isFirst = true
            writer.writeKey(key, isFirst: &isFirst)
            writer.write(text: text)
        }
    }

    /// JSON that is known to be right: keys that are column names, and ids.
    mutating func writeRaw(_ json: String) { write(literal: json) }

    private mutating func writeKey(_ name: String, isFirst: inout Bool) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        write(text: name)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func write(text: String) {
        var text = text
        text.withUTF8 { write(text: UnsafeRawBufferPointer($0)) }
    }

    /// JSON has no infinities: validation keeps them out, and null stands in for one that a program set.
    private mutating func write(number: Double) {
        write(literal: number.isFinite ? number.description : "null")
    }

    /// Bytes as base-16 text.
    private mutating func writeBytes(_ value: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        for byte in value {
            bytes.append(Hexadecimal.digits[Int(byte >> 4)])
            bytes.append(Hexadecimal.digits[Int(byte & 15)])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(literal: String) {
        bytes.append(contentsOf: literal.utf8)
    }

    private mutating func write(text: UnsafeRawBufferPointer) {
        bytes.append(UInt8(ascii: "\""))
        var rest = text[...]
        while let place = rest.firstIndex(where: JSONWriter.needsEscape) {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<place]))
            write(escaped: rest[place])
            rest = rest[(place + 1)...]
        }
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest))
        bytes.append(UInt8(ascii: "\""))
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func write(escaped byte: UInt8) {
        guard byte < 0x20 else { return bytes.append(contentsOf: [UInt8(ascii: "\\"), byte]) }
        write(literal: "\\u00")
        bytes.append(Hexadecimal.digits[Int(byte >> 4)])
        bytes.append(Hexadecimal.digits[Int(byte & 15)])
    }
}

enum Hexadecimal {
    static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// The value of a digit in either case.
    static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
