/// Reads the fields of one protobuf message in place. The envelope is read by hand so that payload bytes are never
/// copied and an idle field costs nothing; a test compares it with protobuf-c.
// SAFETY: every read is checked against `end` first; values point into the caller's bytes and live as long as those.
struct ProtoReader {
    private var cursor: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>

    /// A field's value by wire type; fixed 32 and 64 bit fields occur nowhere in the envelope and are skipped as 0.
    enum Value {
        case varint(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    /// Where an empty message points: never read.
    private static var nowhere: UnsafePointer<UInt8> { UnsafePointer(bitPattern: 16).unsafelyUnwrapped }

    init(_ bytes: UnsafeRawBufferPointer) {
        cursor = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? Self.nowhere
        end = cursor + bytes.count
    }

    var isAtEnd: Bool { cursor == end }

    /// Where the next field begins.
    var position: UnsafeRawPointer { UnsafeRawPointer(cursor) }

    /// The next field, nil at the end.
    mutating func next() throws(EnvelopeError) -> (number: UInt64, value: Value)? {
        guard cursor != end else { return nil }
        let tag = try varint()
        guard tag >> 3 != 0 else { throw .wireType }
        switch tag & 7 {
        case 0: return (tag >> 3, .varint(try varint()))
        case 2: return (tag >> 3, .bytes(try lengthDelimited()))
        default:
            try skip(tag)
            return (tag >> 3, .varint(0))
        }
    }

    /// A base-128 number. Bits beyond the 64th are dropped, as protobuf does.
    mutating func varint() throws(EnvelopeError) -> UInt64 {
        guard cursor != end else { throw .truncated }
        var byte = cursor.pointee
        cursor += 1
        if byte < 0x80 { return UInt64(byte) }
        var value = UInt64(byte & 0x7f)
        var shift: UInt64 = 7
        while shift < 70 {
            guard cursor != end else { throw .truncated }
            byte = cursor.pointee
            cursor += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .varintTooLong
    }

    mutating func lengthDelimited() throws(EnvelopeError) -> UnsafeRawBufferPointer {
        let length = try varint()
        guard length <= UInt64(end - cursor) else { throw .truncated }
        let bytes = UnsafeRawBufferPointer(start: cursor, count: Int(length))
        cursor += Int(length)
        return bytes
    }

    /// Steps over the value of a field that is not known here.
    mutating func skip(_ tag: UInt64) throws(EnvelopeError) {
        guard tag >> 3 != 0 else { throw .wireType }
        switch tag & 7 {
        case 0: _ = try varint()
        case 1: try advance(8)
        case 2: _ = try lengthDelimited()
        case 5: try advance(4)
        default: throw .wireType
        }
    }

    private mutating func advance(_ count: Int) throws(EnvelopeError) {
        guard end - cursor >= count else { throw .truncated }
        cursor += count
    }
}
