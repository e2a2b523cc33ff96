/// What a text is for, and so which characters it may hold.
///
/// Every text comes in by way of ``normalized(_:)``: values of records, texts that filters compare with, names that must be
/// unique. So what looks the same is the same, however it was typed.
package enum TextForm: Hashable, Sendable {
    /// A name, title or code: no line breaks, no control characters, nothing that turns the direction of what stands around
    /// it.
    case oneLine
    /// A note or description: line feeds and tabs, and what running text in Hebrew or Arabic needs (embeddings and
    /// isolates); no other control characters and no overrides of the direction.
    case multiLine
    /// What must be unique: one line, no character that nobody sees and no white space but single spaces, since another text would look the
    /// same.
    case key

    /// The text as it is stored and compared: in Unicode's normal form C, with line feeds for other line breaks, and
    /// without white space and invisible characters at its ends. A text of nothing else is empty.
    ///
    /// What is inside stays: joiners make emoji and letters of Persian and Indic scripts. Normalizing twice changes nothing
    /// more.
    package static func normalized(_ text: String) -> String {
        if isPlain(text) { return text }
        return trimmed(CanonicalForm.composed(withLineFeeds(text)))
    }

    /// A part of a text, such as a filter looks for: in the form of whole ones, with its white space, which is part of it.
    package static func normalizedPart(_ text: String) -> String {
        isPlain(text) ? text : CanonicalForm.composed(withLineFeeds(text))
    }

    /// The text in normal form C and otherwise as it came: for passwords, of which every character counts.
    package static func composed(_ text: String) -> String { CanonicalForm.composed(text) }

    /// The first character that a text of this form must not hold, more than 30 marks on one letter included; nil when all is well.
    package func forbidden(in text: String) -> ForbiddenCharacter? {
        var bytes = text
        if bytes.withUTF8({ TextForm.isPrintable(UnsafeRawBufferPointer($0)) }), self != .key || !text.contains("  ") {
            return nil
        }
        let scalars = text.unicodeScalars
        for (number, index) in scalars.indices.enumerated() where !allows(index, in: scalars) {
            return ForbiddenCharacter(scalar: scalars[index], position: number + 1)
        }
        return CanonicalForm.excessMark(in: text)
    }

    private func allows(_ index: String.Index, in scalars: String.UnicodeScalarView) -> Bool {
        switch scalars[index].value {
        case 0x20 where self == .key: scalars[..<index].last != " "
        case 0x20..<0x7f: true
        case 0x09, 0x0a: self == .multiLine
        case 0..<0x20, 0x7f..<0xa0: false
        // Left-to-right and right-to-left override.
        case 0x202d, 0x202e: false
        // Line and paragraph separator, embeddings and their end, isolates and their end.
        case 0x2028...0x202c, 0x2066...0x2069: self == .multiLine
        case 0xe0000...0xe007f: EmojiTag.isInFlag(index, scalars)
        default:
            !scalars[index].isWithoutMeaning && (self != .key || isSeenAsItIs(index, scalars))
        }
    }
}

/// White space of another width looks like a space.
private func isSeenAsItIs(_ index: String.Index, _ scalars: String.UnicodeScalarView) -> Bool {
    !scalars[index].properties.isWhitespace && Invisible.isSeen(index, in: scalars)
}

extension Unicode.Scalar {
    /// Noncharacters are for the inside of programs, and what a character for private use looks like depends on the font.
    fileprivate var isWithoutMeaning: Bool {
        switch value {
        case 0xe000...0xf8ff, 0xfdd0...0xfdef, 0xf0000...: true
        default: value & 0xfffe == 0xfffe
        }
    }
}

/// A character that does not belong into a text.
package struct ForbiddenCharacter: Hashable, Sendable {
    package let scalar: Unicode.Scalar
    /// Its place, in characters (Unicode scalars) from 1.
    package let position: Int

    /// As people can look it up, as in `U+202E (RIGHT-TO-LEFT OVERRIDE)`: the character itself would do its work in the error.
    package var name: String {
        if scalar == " " { return "a second space" }
        let digits = String(scalar.value, radix: 16, uppercase: true)
        let code = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return (scalar.properties.name ?? scalar.properties.nameAlias).map { "\(code) (\($0))" } ?? code
    }
}

extension TextForm {
    /// Most texts: printable ASCII, in UTF-8, without a space at either end. They are normalized as they are.
    package static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.first != 0x20 && bytes.last != 0x20 && isPrintable(bytes)
    }

    private static func isPlain(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isPlain(UnsafeRawBufferPointer($0)) }
    }

    /// Printable ASCII and nothing else: allowed in every form.
    private static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte < 0x20 || byte >= 0x7f { return false }
        return true
    }

    /// CR LF, as forms on web pages and Windows send it, and CR become LF.
    private static func withLineFeeds(_ text: String) -> String {
        guard text.utf8.contains(0x0d) else { return text }
        var scalars = String.UnicodeScalarView()
        var follows = false
        for scalar in text.unicodeScalars {
            if scalar != "\n" || !follows { scalars.append(scalar == "\r" ? "\n" : scalar) }
            follows = scalar == "\r"
        }
        return String(scalars)
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard !scalars.allSatisfy(isInvisible) else { return "" }
        let rest = scalars.drop(while: isMargin)
        let end = rest.lastIndex { !isMargin($0) }.map { rest.index(after: $0) } ?? rest.endIndex
        return String(rest[..<end])
    }

    /// White space, and what is seen by nobody at the end of a text.
    private static func isMargin(_ scalar: Unicode.Scalar) -> Bool {
        isInvisible(scalar) && !isPartOfCharacter(scalar)
    }

    /// What leaves no trace on paper.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || Invisible.contains(scalar)
    }

    /// Variation selectors and tags end many emoji: they say how the character before them looks. Overrides, embeddings and
    /// isolates are no margin, since taking only one of a pair would turn the rest round.
    private static func isPartOfCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x202a...0x202e, 0x2066...0x2069, 0xe0020...0xe007f: true
        default: scalar.properties.isVariationSelector
        }
    }
}
