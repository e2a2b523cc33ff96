/// Checks that bytes are UTF-8 (Unicode 15, table 3-7) without a NUL. ASCII goes by eight bytes at a time.
enum TextCheck: Equatable {
    case valid
    case nul(offset: Int)
    case invalid(offset: Int)

    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    private static let lowBits: UInt64 = 0x0101_0101_0101_0101

    static func check(_ start: UnsafePointer<UInt8>, _ count: Int) -> TextCheck {
        var index = 0
        let raw = UnsafeRawPointer(start)
        while index < count {
            if index + 8 <= count {
                let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                // No byte has its high bit set and none is zero.
                if (word | (word &- lowBits)) & highBits == 0 {
                    index += 8
                    continue
                }
            }
            let byte = start[index]
            if byte == 0 { return .nul(offset: index) }
            if byte < 0x80 {
                index += 1
                continue
            }
            let length = sequenceLength(start + index, count - index)
            if length == 0 { return .invalid(offset: index) }
            index += length
        }
        return .valid
    }

    /// Length of the sequence that begins here, 2 to 4; 0 if it is not well formed: overlong, a surrogate,
    /// beyond U+10FFFF or cut off.
    private static func sequenceLength(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let (length, second): (Int, ClosedRange<UInt8>) =
            switch start[0] {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: (0, 0x80...0xBF)
            }
        guard length > 0, length <= count, second.contains(start[1]) else { return 0 }
        for index in 2..<max(2, length) where start[index] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
