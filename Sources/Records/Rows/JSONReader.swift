import Tenancy
import Wire

/// Reads JSON that `JSONWriter` wrote, and that PostgreSQL may have put into another order, into messages. Unknown
/// names are skipped, as protobuf skips unknown fields; null leaves a field unset.
struct JSONReader {
    /// Deeper nesting than messages have (`WireLimits.depthMax`) is refused rather than followed.
    static let depthMax = WireLimits.depthMax

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0

    /// The bytes must outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Reads an object into a message.
    mutating func read(into message: Message) throws(JSONError) {
        try enter()
        try expect(UInt8(ascii: "{"))
        if !skip(UInt8(ascii: "}")) {
            repeat {
                let key = try text()
                try expect(UInt8(ascii: ":"))
                if let field = message.descriptor.field(key) {
                    try read(field, into: message)
                } else {
                    try skipValue()
                }
            } while skip(UInt8(ascii: ","))
            try expect(UInt8(ascii: "}"))
        }
        depth -= 1
    }

    /// Reads the value of a field: an array for a repeated one.
    mutating func read(_ field: FieldDescriptor, into message: Message) throws(JSONError) {
        if try skipNull() { return message.clear(field) }
        guard field.isRepeated else { return try readSingle(field, into: message) }
        switch field.kind {
        case .message(let descriptor):
            let elements = try array { reader throws(JSONError) in
                try reader.nested(descriptor, in: message.arena)
            }
            message.setMessages(field, elements)
        case .string: message.setStrings(field, try array { reader throws(JSONError) in try reader.text() })
        default: throw JSONError(offset: position)
        }
    }

    /// The names of an object, each with its value skipped.
    mutating func keys() throws(JSONError) -> [String] {
        try expect(UInt8(ascii: "{"))
        var keys: [String] = []
        guard !skip(UInt8(ascii: "}")) else { return keys }
        repeat {
            keys.append(try text())
            try expect(UInt8(ascii: ":"))
            try skipValue()
        } while skip(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
        return keys
    }

    private mutating func readSingle(_ field: FieldDescriptor, into message: Message) throws(JSONError) {
        switch field.kind {
        case .string: message.setString(field, try text())
        case .bool: message.setBool(field, try flag())
        case .int32, .sint32, .sfixed32, .enumeration: message.setInt32(field, try integer(Int32.self))
        case .int64, .sint64, .sfixed64: message.setInt64(field, try integer(Int64.self))
        case .uint32, .fixed32: message.setUInt32(field, try integer(UInt32.self))
        case .uint64, .fixed64: message.setUInt64(field, try integer(UInt64.self))
        case .double: message.setDouble(field, try number())
        case .float: message.setFloat(field, Float(try number()))
        case .bytes: message.setBytes(field, try hexadecimal())
        case .message(let descriptor): message.setMessage(field, try nested(descriptor, in: message.arena))
        }
    }

    private mutating func nested(_ descriptor: MessageDescriptor, in arena: Arena) throws(JSONError)
        -> Message
    {
        let message = Message.make(descriptor, in: arena)
        guard let fields = TimestampFields(descriptor) else {
            try read(into: message)
            return message
        }
        guard let time = Timestamp(try text()) else { throw JSONError(offset: position) }
        message.set(time, fields)
        return message
    }
}

/// Text that is not the JSON expected. Nothing but a damaged database gives it.
struct JSONError: Error {
    let offset: Int
}

// Tokens.
extension JSONReader {
    private mutating func array<Element>(
        _ element: (inout JSONReader) throws(JSONError) -> Element
    ) throws(JSONError) -> [Element] {
        try enter()
        try expect(UInt8(ascii: "["))
        var elements: [Element] = []
        if !skip(UInt8(ascii: "]")) {
            repeat { elements.append(try element(&self)) } while skip(UInt8(ascii: ","))
            try expect(UInt8(ascii: "]"))
        }
        depth -= 1
        return elements
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        if depth > JSONReader.depthMax { throw JSONError(offset: position) }
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[position]) { position += 1 }
    }

    private mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONError) {
        guard skip(byte) else { throw JSONError(offset: position) }
    }

    private mutating func skip(word: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func skipNull() throws(JSONError) -> Bool { skip(word: "null") }

    private mutating func flag() throws(JSONError) -> Bool {
        if skip(word: "true") { return true }
        guard skip(word: "false") else { throw JSONError(offset: position) }
        return false
    }

    private mutating func numberText() throws(JSONError) -> String {
        skipSpace()
        let start = position
        while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
        guard position > start else { throw JSONError(offset: position) }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws(JSONError) -> Number {
        guard let number = Number(try numberText()) else { throw JSONError(offset: position) }
        return number
    }

    private mutating func number() throws(JSONError) -> Double {
        guard let number = Double(try numberText()) else { throw JSONError(offset: position) }
        return number
    }

    private mutating func hexadecimal() throws(JSONError) -> [UInt8] {
        let digits = Array(try text().utf8).compactMap(Hexadecimal.value)
        guard digits.count % 2 == 0 else { throw JSONError(offset: position) }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    private mutating func text() throws(JSONError) -> String {
        try expect(UInt8(ascii: "\""))
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""),
            bytes[position] != UInt8(ascii: "\\")
        {
            position += 1
        }
        var text = [UInt8](bytes[start..<position])
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\\") {
                try readEscape(into: &text)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        try expect(UInt8(ascii: "\""))
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func readEscape(into text: inout [UInt8]) throws(JSONError) {
        guard position + 1 < bytes.count else { throw JSONError(offset: position) }
        let mark = bytes[position + 1]
        position += 2
        switch mark {
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "u"): try text.append(contentsOf: String(Character(escapedScalar())).utf8)
        default: text.append(mark)
        }
    }

    /// The scalar of a \uXXXX whose first two characters were read, or of two that form a surrogate pair.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        var code = try codeUnit()
        if (0xd800..<0xdc00).contains(code), position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\") {
            position += 2
            let low = try codeUnit()
            guard (0xdc00..<0xe000).contains(low) else { throw JSONError(offset: position) }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw JSONError(offset: position) }
        return scalar
    }

    private mutating func codeUnit() throws(JSONError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw JSONError(offset: position) }
        var code: UInt32 = 0
        for digit in bytes[position..<position + 4] {
            guard let value = Hexadecimal.value(digit) else { throw JSONError(offset: position) }
            code = code << 4 | UInt32(value)
        }
        position += 4
        return code
    }

    private mutating func skipValue() throws(JSONError) {
        skipSpace()
        guard position < bytes.count else { throw JSONError(offset: position) }
        switch bytes[position] {
        case UInt8(ascii: "\""): _ = try text()
        case UInt8(ascii: "["): _ = try array { reader throws(JSONError) in try reader.skipValue() }
        case UInt8(ascii: "{"):
            try enter()
            _ = try keys()
            depth -= 1
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try flag()
        case UInt8(ascii: "n"): _ = try skipNull()
        default: _ = try numberText()
        }
    }
}
