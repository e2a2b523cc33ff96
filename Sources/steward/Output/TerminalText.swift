/// Text that a terminal can be shown.
enum TerminalText {
    /// Begins and ends a style. Noncharacters, which are no text in any script: other people's text that holds them is at worst
    /// in colour.
    private static let opening = Unicode.Scalar(0xfdd0 as UInt32) ?? " "
    private static let closing = Unicode.Scalar(0xfdd1 as UInt32) ?? " "

    /// The text with its style, as `safe` writes it out.
    static func marked(_ text: String, _ style: Style) -> String {
        let number = Style.allCases.firstIndex(of: style) ?? 0
        let name = Unicode.Scalar(0xfdd2 + UInt32(number)) ?? closing
        var marked = String.UnicodeScalarView([opening, name])
        marked.append(contentsOf: text.unicodeScalars)
        marked.append(closing)
        return String(marked)
    }

    /// The text with every character that does something to a terminal written as JSON writes it, as in \u001b; styles as the
    /// terminal wants them. Line breaks and tabs stay.
    static func safe(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f || $0 == 0x0a || $0 == 0x09 }) { return text }
        var safe = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        while let scalar = scalars.next() {
            switch scalar {
            case "\n", "\t": safe.append(scalar)
            case opening: safe.append(contentsOf: code(scalars.next()).unicodeScalars)
            case closing: safe.append(contentsOf: "\u{1b}[0m".unicodeScalars)
            default:
                if isHarmful(scalar) {
                    safe.append(contentsOf: escaped(scalar).unicodeScalars)
                } else {
                    safe.append(scalar)
                }
            }
        }
        return String(safe)
    }

    /// A value on one line: line breaks written out too, so that it cannot pretend to be the next line.
    static func oneLine(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isLineBreak($0) }) else { return text }
        return text.unicodeScalars.map { isLineBreak($0) ? escaped($0) : String($0) }.joined()
    }

    /// A value whose further lines begin below its first one, so that none pretends to be another value.
    static func hanging(_ text: String, at column: Int) -> String {
        text.replacing("\r\n", with: "\n").replacing("\n", with: "\n" + String(repeating: " ", count: column))
    }

    /// Control characters (C0, DEL, C1), and the format characters that change the direction of what stands around them or end a
    /// line. What joins letters and emoji stays.
    static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f: true
        case 0x202a...0x202e, 0x2066...0x2069, 0x2028, 0x2029: true
        case 0xfff9...0xfffb: true
        default: isMark(scalar)
        }
    }

    /// Whether it begins or ends a style, or may: such characters take no room.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool { (0xfdd0...0xfdef).contains(scalar.value) }

    private static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
    }

    /// As JSON escapes it, so that JSON on a terminal is still JSON.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    private static func code(_ name: Unicode.Scalar?) -> String {
        guard let value = name?.value, value >= 0xfdd2, Int(value - 0xfdd2) < Style.allCases.count else { return "" }
        return "\u{1b}[\(Style.allCases[Int(value - 0xfdd2)].rawValue)m"
    }
}
