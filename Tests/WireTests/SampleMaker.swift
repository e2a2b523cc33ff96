import TestSupport
import Wire

/// Makes messages with fields set at random.
enum SampleMaker {
    static func make(in arena: Arena, depth: Int, using random: inout SeededGenerator) -> Message {
        let message = Message.make(Sample.descriptor, in: arena)
        for field in Sample.descriptor.fields where Bool.random(using: &random) {
            if case .message(let descriptor) = field.kind, descriptor == Sample.descriptor, depth == 0 {
                continue
            }
            if field.isRepeated {
                message.setRepeated(field, count: Int.random(in: 1...5, using: &random))
                for index in 0..<message.count(field) { set(field, index, message, depth, &random) }
            } else {
                set(field, nil, message, depth, &random)
            }
        }
        return message
    }

    private static func set(
        _ field: FieldDescriptor, _ index: Int?, _ message: Message, _ depth: Int,
        _ random: inout SeededGenerator
    ) {
        let bits = random.next() >> UInt64.random(in: 0..<64, using: &random)
        switch field.kind {
        case .int32, .sint32, .sfixed32, .enumeration:
            let value = Int32(truncatingIfNeeded: bits)
            if let index { message.setInt32(field, at: index, value) } else { message.setInt32(field, value) }
        case .uint32, .fixed32:
            let value = UInt32(truncatingIfNeeded: bits)
            if let index {
                message.setUInt32(field, at: index, value)
            } else {
                message.setUInt32(field, value)
            }
        case .int64, .sint64, .sfixed64:
            let value = Int64(bitPattern: bits)
            if let index { message.setInt64(field, at: index, value) } else { message.setInt64(field, value) }
        case .uint64, .fixed64:
            if let index { message.setUInt64(field, at: index, bits) } else { message.setUInt64(field, bits) }
        case .float:
            let value = Float(bits)
            if let index { message.setFloat(field, at: index, value) } else { message.setFloat(field, value) }
        case .double:
            let value = -Double(bits)
            if let index {
                message.setDouble(field, at: index, value)
            } else {
                message.setDouble(field, value)
            }
        case .bool:
            let value = bits & 1 == 1
            if let index { message.setBool(field, at: index, value) } else { message.setBool(field, value) }
        case .string:
            let value = text(&random)
            if let index {
                message.setString(field, at: index, value)
            } else {
                message.setString(field, value)
            }
        case .bytes:
            let value = (0..<Int.random(in: 0...30, using: &random)).map {
                UInt8(truncatingIfNeeded: $0 &* Int(bits & 255))
            }
            if let index {
                value.withUnsafeBytes { message.setBytes(field, at: index, $0) }
            } else {
                message.setBytes(field, value)
            }
        case .message(let descriptor):
            let inner =
                descriptor == Sample.descriptor
                ? make(in: message.arena, depth: depth - 1, using: &random)
                : Message.make(descriptor, in: message.arena)
            if let index {
                message.setMessage(field, at: index, inner)
            } else {
                message.setMessage(field, inner)
            }
        }
    }

    private static func text(_ random: inout SeededGenerator) -> String {
        let alphabet: [Character] = ["a", "Z", " ", "ß", "水", "🐘", "é"]
        return String(
            (0..<Int.random(in: 0...40, using: &random)).compactMap { _ in
                alphabet.randomElement(using: &random)
            })
    }
}
