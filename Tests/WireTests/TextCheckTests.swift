import Testing

@testable import Wire

@Suite struct TextCheckTests {
    /// The check agrees with Swift's own validation on every sequence of two bytes behind every offset in a
    /// word, and on three- and four-byte sequences at their borders.
    @Test func agreesWithTheStandardLibrary() {
        var wrong: [[UInt8]] = []
        func probe(_ bytes: [UInt8]) {
            if !agrees(bytes) { wrong.append(bytes) }
        }
        for padding in 0..<9 {
            let before = [UInt8](repeating: 0x61, count: padding)
            for first in UInt8(0x7F)...0xFF {
                for second in stride(from: UInt8(0), to: 0xFF, by: 5) { probe(before + [first, second]) }
            }
        }
        let borders: [UInt8] = [0x01, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xFF]
        for first in [0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5] as [UInt8] {
            for second in borders {
                for third in borders {
                    probe([first, second, third])
                    for fourth in borders { probe([first, second, third, fourth, 0x61]) }
                }
            }
        }
        #expect(wrong == [])
    }

    @Test func findsANULAtEveryPlace() {
        for length in 1..<20 {
            for place in 0..<length {
                var bytes = [UInt8](repeating: 0x61, count: length)
                bytes[place] = 0
                #expect(check(bytes) == .nul(offset: place))
            }
        }
    }

    private func agrees(_ bytes: [UInt8]) -> Bool {
        let isValid = String(validating: bytes, as: UTF8.self) != nil
        if bytes.contains(0) && isValid { return check(bytes) != .valid }
        return (check(bytes) == .valid) == isValid
    }

    private func check(_ bytes: [UInt8]) -> TextCheck {
        bytes.withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return .valid }
            return TextCheck.check(start, buffer.count)
        }
    }
}
