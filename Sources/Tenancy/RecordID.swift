/// The id of a record: a UUID, version 7 when Steward makes it (RFC 9562, section 5.7), any version when a client
/// brings it. Sixteen bytes, compared as an unsigned number, so ids of version 7 sort by time of creation.
public struct RecordID: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads exactly 16 bytes, most significant first; nil for any other number of bytes.
    package init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16 else { return nil }
        high = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    package init?(bytes: [UInt8]) {
        guard let id = bytes.withUnsafeBytes({ RecordID(bytes: $0) }) else { return nil }
        self = id
    }

    /// Reads the hyphenated form of 36 characters, in either case; nil for anything else.
    public init?(_ text: some StringProtocol) {
        var text = String(text)
        guard let id = text.withUTF8({ RecordID(utf8: UnsafeRawBufferPointer($0)) }) else { return nil }
        self = id
    }

    /// The same from the bytes of the text.
    package init?(utf8 text: UnsafeRawBufferPointer) {
        guard text.count == 36 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for position in 0..<36 {
            let character = text[position]
            if RecordID.isHyphen(position) {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard let nibble = RecordID.nibble(character) else { return nil }
            if position < 18 { words.0 = words.0 << 4 | nibble } else { words.1 = words.1 << 4 | nibble }
        }
        self.init(high: words.0, low: words.1)
    }

    /// Positions 8, 13, 18 and 23.
    @inline(__always)
    private static func isHyphen(_ position: Int) -> Bool { 0x84_2100 >> position & 1 == 1 }

    private static func nibble(_ character: UInt8) -> UInt64? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(character - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(character - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(character - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    /// The hyphenated form in lower case.
    public var text: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(to: buffer)
            return 36
        }
    }

    /// Writes the hyphenated form, 36 bytes of ASCII.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        precondition(buffer.count >= 36)
        var position = 0
        for index in 0..<32 {
            if RecordID.isHyphen(position) {
                buffer[position] = UInt8(ascii: "-")
                position += 1
            }
            let word = index < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 0xf
            buffer[position] = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
            position += 1
        }
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        withBytes { [UInt8]($0) }
    }

    /// Lends the 16 bytes, most significant first.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { try body($0) }
    }

    public static func < (left: RecordID, right: RecordID) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension RecordID: CustomStringConvertible {
    public var description: String { text }
}
