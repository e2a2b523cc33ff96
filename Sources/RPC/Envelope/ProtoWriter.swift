/// Writes protobuf fields into memory whose size was computed before.
// SAFETY: the caller reserves at least the sum of the `size…` functions for what it writes; checked by `assert` on
// the remaining room in debug builds.
struct ProtoWriter {
    private(set) var cursor: UnsafeMutablePointer<UInt8>
    private let end: UnsafeMutablePointer<UInt8>

    init(_ room: UnsafeMutableRawBufferPointer) {
        // A caller with nothing to write may pass an empty region; nothing is then written.
        cursor =
            room.baseAddress?.assumingMemoryBound(to: UInt8.self)
            ?? UnsafeMutablePointer(bitPattern: 16).unsafelyUnwrapped
        end = cursor + room.count
    }

    mutating func byte(_ value: UInt8) {
        assert(cursor < end, "ProtoWriter: too little room reserved")
        cursor.pointee = value
        cursor += 1
    }

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        byte(UInt8(truncatingIfNeeded: rest))
    }

    mutating func raw(_ bytes: UnsafeRawBufferPointer) {
        assert(end - cursor >= bytes.count, "ProtoWriter: too little room reserved")
        guard let base = bytes.baseAddress else { return }
        UnsafeMutableRawPointer(cursor).copyMemory(from: base, byteCount: bytes.count)
        cursor += bytes.count
    }

    /// A varint field.
    mutating func field(_ number: UInt8, _ value: UInt64) {
        byte(number << 3)
        varint(value)
    }

    /// A length-delimited field.
    mutating func field(_ number: UInt8, _ bytes: UnsafeRawBufferPointer) {
        prefix(number, bytes.count)
        raw(bytes)
    }

    /// Tag and length of a length-delimited field whose content follows.
    mutating func prefix(_ number: UInt8, _ length: Int) {
        byte(number << 3 | 2)
        varint(UInt64(length))
    }

    /// Bytes of a varint.
    static func size(_ value: UInt64) -> Int {
        value < 0x80 ? 1 : (70 - (value | 1).leadingZeroBitCount) / 7
    }

    /// Bytes of a varint field with a number below 16.
    static func fieldSize(_ value: UInt64) -> Int { 1 + size(value) }

    /// Bytes of a length-delimited field with a number below 16.
    static func fieldSize(length: Int) -> Int { 1 + size(UInt64(length)) + length }
}

/// Collects a small protobuf message (status, hello, go-away): the rare parts, where simplicity counts.
struct ProtoBuilder {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func field(_ number: UInt8, _ value: UInt64) {
        bytes.append(number << 3)
        varint(value)
    }

    mutating func field(_ number: UInt8, _ value: some Collection<UInt8>) {
        bytes.append(number << 3 | 2)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    /// Text; nothing when it is empty.
    mutating func field(_ number: UInt8, text: String) {
        if !text.isEmpty { field(number, text.utf8) }
    }

    /// Text, cut at a character when it is longer.
    mutating func field(_ number: UInt8, text: String, bytesMax: Int) {
        let utf8 = text.utf8
        guard utf8.count > bytesMax else { return field(number, text: text) }
        let mark = "…"
        var end = utf8.index(utf8.startIndex, offsetBy: bytesMax - mark.utf8.count)
        while utf8[end] & 0xc0 == 0x80 { end = utf8.index(before: end) }
        field(number, text: text[..<end] + mark)
    }

    /// Fields that are encoded already.
    mutating func raw(_ encoded: UnsafeRawBufferPointer) { bytes.append(contentsOf: encoded) }

    mutating func message(_ number: UInt8, _ build: (inout ProtoBuilder) -> Void) {
        var inner = ProtoBuilder()
        build(&inner)
        field(number, inner.bytes)
    }
}
