/// The two ways in which text becomes SQL where nothing can be bound: DDL.
enum SQLText {
    /// A literal with its quotes. Backslashes keep their meaning as characters (`standard_conforming_strings`).
    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// Whether a name needs no quotes: a lower-case letter, then letters, digits, underscores; at most 50 bytes.
    static func isPlainName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetter(first), name.utf8.count <= 50 else { return false }
        return name.utf8.allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
