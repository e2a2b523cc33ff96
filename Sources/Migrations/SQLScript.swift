/// Cuts a migration into its commands, since Citus takes one per round and the extended protocol one per message.
/// Understands what may hide a semicolon: quotes, quoted names, dollar quotes, and both kinds of comment.
enum SQLScript {
    /// The commands in order, trimmed, without comments between them and without empty ones.
    static func commands(_ text: String) -> [String] {
        var scanner = Scanner(bytes: Array(text.utf8))
        return scanner.commands()
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        var current: [UInt8] = []
        var found: [String] = []

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func commands() -> [String] {
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: ";"):
                    position += 1
                    finish()
                case UInt8(ascii: "'"), UInt8(ascii: "\""): copyQuoted(bytes[position])
                case UInt8(ascii: "$"): copyDollarQuoted()
                case UInt8(ascii: "-") where starts("--"): skipLine()
                case UInt8(ascii: "/") where starts("/*"): skipBlock()
                default: copy(1)
                }
            }
            finish()
            return found
        }

        private mutating func finish() {
            let command = String(decoding: current, as: UTF8.self)
            current.removeAll()
            let trimmed = command.drop(while: \.isWhitespace)
            guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return }
            found.append(String(trimmed[...last]))
        }

        private mutating func copy(_ count: Int) {
            let end = min(position + count, bytes.count)
            current += bytes[position..<end]
            position = end
        }

        /// A doubled quote inside is two quoted parts one after the other, which comes to the same.
        private mutating func copyQuoted(_ quote: UInt8) {
            copy(1)
            while position < bytes.count, bytes[position] != quote { copy(1) }
            copy(1)
        }

        private mutating func copyDollarQuoted() {
            guard let tag = dollarTag() else { return copy(1) }
            copy(tag.count)
            while position < bytes.count, !bytes[position...].starts(with: tag) { copy(1) }
            copy(tag.count)
        }

        /// `$$` or `$name$` at this position; nil for a parameter like `$1` or a dollar inside a name.
        private func dollarTag() -> [UInt8]? {
            let dollar = UInt8(ascii: "$")
            guard let end = bytes[(position + 1)...].firstIndex(of: dollar) else { return nil }
            let name = bytes[(position + 1)..<end]
            let isName = name.allSatisfy {
                $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
            }
            return isName ? Array(bytes[position...end]) : nil
        }

        private func starts(_ mark: StaticString) -> Bool {
            mark.withUTF8Buffer { bytes[position...].starts(with: $0) }
        }

        private mutating func skipLine() {
            position = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        }

        /// Comments nest in PostgreSQL.
        private mutating func skipBlock() {
            var depth = 0
            repeat {
                if starts("/*") {
                    depth += 1
                    position += 2
                } else if starts("*/") {
                    depth -= 1
                    position += 2
                } else {
                    position += 1
                }
            } while depth > 0 && position < bytes.count
        }
    }
}
