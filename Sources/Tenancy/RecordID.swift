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
        guard text.count == RecordID.textBytes else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        var seen: UInt8 = 0
        RecordID.nibbles.withUnsafeBufferPointer { nibbles in
            for position in 0..<RecordID.textBytes where !RecordID.isHyphen(position) {
                let nibble = nibbles[Int(text[position])]
                seen |= nibble
                let digit = UInt64(nibble & 0xf)
                if position < 18 { words.0 = words.0 << 4 | digit } else { words.1 = words.1 << 4 | digit }
            }
        }
        let hyphens = text[8] == RecordID.hyphen && text[13] == RecordID.hyphen && text[18] == RecordID.hyphen
        guard seen <= 0xf, hyphens, text[23] == RecordID.hyphen else { return nil }
        self.init(high: words.0, low: words.1)
    }

    /// Positions 8, 13, 18 and 23.
    @inline(__always)
    private static func isHyphen(_ position: Int) -> Bool { 0x84_2100 >> position & 1 == 1 }

    private static let hyphen = UInt8(ascii: "-")

    /// The value of each character as a digit; 255 of one that is none.
    private static let nibbles: [UInt8] = (0...UInt8.max).map { character in
        UInt8(String(UnicodeScalar(character)), radix: 16) ?? .max
    }

    /// The hyphenated form in lower case.
    public var text: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            write(to: buffer)
            return 36
        }
    }

    /// Bytes of the hyphenated form.
    package static let textBytes = 36

    /// Writes the hyphenated form, in ASCII.
    package func write(to buffer: UnsafeMutableBufferPointer<UInt8>) {
        precondition(buffer.count >= RecordID.textBytes)
        let text = UnsafeMutableRawBufferPointer(buffer)
        func put(_ digits: some BitwiseCopyable, at position: Int) {
            text.storeBytes(of: digits, toByteOffset: position, as: type(of: digits))
        }
        let middle = RecordID.digits(UInt32(truncatingIfNeeded: high))
        let next = RecordID.digits(UInt32(truncatingIfNeeded: low >> 32))
        put(RecordID.digits(UInt32(truncatingIfNeeded: high >> 32)), at: 0)
        put(UInt32(truncatingIfNeeded: middle), at: 9)
        put(UInt32(truncatingIfNeeded: middle >> 32), at: 14)
        put(UInt32(truncatingIfNeeded: next), at: 19)
        put(UInt32(truncatingIfNeeded: next >> 32), at: 24)
        put(RecordID.digits(UInt32(truncatingIfNeeded: low)), at: 28)
        for position in 8..<24 where RecordID.isHyphen(position) { text[position] = UInt8(ascii: "-") }
    }

    /// The eight digits of a number, as they stand in memory one after the other. All at once: nibbles are spread over the bytes of a
    /// word, and those above 9 go from digits to letters.
    private static func digits(_ number: UInt32) -> UInt64 {
        var nibbles = UInt64(number)
        nibbles = (nibbles | nibbles << 16) & 0x0000_ffff_0000_ffff
        nibbles = (nibbles | nibbles << 8) & 0x00ff_00ff_00ff_00ff
        nibbles = (nibbles | nibbles << 4) & 0x0f0f_0f0f_0f0f_0f0f
        let letters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        let toLetter = UInt64(UInt8(ascii: "a") - 10 - UInt8(ascii: "0"))
        return (nibbles + 0x3030_3030_3030_3030 + letters * toLetter).bigEndian
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
