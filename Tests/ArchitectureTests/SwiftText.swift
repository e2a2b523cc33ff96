/// Swift source without its comments and, unless asked otherwise, without the contents of its string literals, so that a
/// search finds code only. Line breaks stay, so that line numbers still count.
enum SwiftText {
    static func code(of source: String, keepingLiterals: Bool = false) -> String {
        var reader = Reader(bytes: Array(source.utf8), keepsLiterals: keepingLiterals)
        reader.readCode(untilClosing: false)
        return String(decoding: reader.code, as: UTF8.self)
    }

    private struct Reader {
        let bytes: [UInt8]
        let keepsLiterals: Bool
        var position = 0
        var code: [UInt8] = []

        init(bytes: [UInt8], keepsLiterals: Bool) {
            self.bytes = bytes
            self.keepsLiterals = keepsLiterals
            code.reserveCapacity(bytes.count)
        }

        func starts(_ text: StaticString) -> Bool {
            let count = text.utf8CodeUnitCount
            guard position + count <= bytes.count else { return false }
            for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
            return true
        }

        /// Copies code; with `untilClosing` it is the inside of an interpolation and ends behind its parenthesis.
        mutating func readCode(untilClosing: Bool) {
            var depth = 0
            while position < bytes.count {
                if starts("//") {
                    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
                } else if starts("/*") {
                    skipBlockComment()
                } else if starts("\"\"\"") {
                    readString(quotes: 3)
                } else if starts("\"") {
                    readString(quotes: 1)
                } else {
                    let byte = bytes[position]
                    if byte == UInt8(ascii: "(") { depth += 1 }
                    if byte == UInt8(ascii: ")") {
                        if untilClosing, depth == 0 {
                            position += 1
                            return
                        }
                        depth -= 1
                    }
                    code.append(byte)
                    position += 1
                }
            }
        }

        private mutating func skipBlockComment() {
            while position < bytes.count, !starts("*/") {
                if bytes[position] == UInt8(ascii: "\n") { code.append(bytes[position]) }
                position += 1
            }
            position += 2
        }

        private mutating func readString(quotes: Int) {
            for _ in 0..<quotes { code.append(UInt8(ascii: "\"")) }
            position += quotes
            while position < bytes.count {
                if quotes == 3 ? starts("\"\"\"") : starts("\"") {
                    for _ in 0..<quotes { code.append(UInt8(ascii: "\"")) }
                    position += quotes
                    return
                }
                if starts("\\(") {
                    position += 2
                    readCode(untilClosing: true)
                } else {
                    let length = starts("\\") ? 2 : 1
                    for byte in bytes[position...].prefix(length)
                    where keepsLiterals || byte == UInt8(ascii: "\n") {
                        code.append(byte)
                    }
                    position += length
                }
            }
        }
    }
}
