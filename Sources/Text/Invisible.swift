import CICU

/// Characters that nobody sees by themselves: zero-width ones, fillers, the blank pattern of Braille. Some change how their
/// neighbours look.
enum Invisible {
    static func contains(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isDefaultIgnorableCodePoint || scalar.value == 0x2800
    }

    /// The character leaves a trace, by itself or in its neighbours: a text without it looks different.
    static func isSeen(_ index: String.Index, in scalars: String.UnicodeScalarView) -> Bool {
        let scalar = scalars[index]
        guard contains(scalar) else { return true }
        guard let previous = scalars[..<index].last, let next = scalars[index...].dropFirst().first else {
            return scalar.value == 0xfe0f && scalars[..<index].last.map(isPlainEmoji) == true
        }
        return switch scalar.value {
        // The zero width non-joiner parts letters that would join, and shows the virama (RFC 5892, appendix A.1).
        case 0x200c: isVirama(previous) || steward_joins_next(Int32(previous.value)) && next.properties.isAlphabetic
        // The zero width joiner makes half letters and one emoji of several.
        case 0x200d: isVirama(previous) || isEmojiPart(previous) && isEmoji(next)
        // The selector of the colourful form, for characters that have a plain one and for keycaps.
        case 0xfe0f: isPlainEmoji(previous) || previous.properties.isEmoji && next.value == 0x20e3
        default: false
        }
    }

    private static func isVirama(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.canonicalCombiningClass == .virama
    }

    /// Digits and # are emoji by Unicode's data, for their keycaps.
    private static func isEmoji(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isEmoji && !scalar.isASCII }

    private static func isPlainEmoji(_ scalar: Unicode.Scalar) -> Bool {
        isEmoji(scalar) && !scalar.properties.isEmojiPresentation
    }

    private static func isEmojiPart(_ scalar: Unicode.Scalar) -> Bool { isEmoji(scalar) || scalar.value == 0xfe0f }
}

/// Tags: letters and digits without a form, which say whose flag 🏴 becomes and are nothing anywhere else.
enum EmojiTag {
    private static let flag: UInt32 = 0x1f3f4
    private static let end: UInt32 = 0xe007f
    /// A code of a part of a country has three to six letters and digits, and an end.
    private static let countMax = 7

    /// The tag belongs to a whole flag, as that of Scotland.
    static func isInFlag(_ index: String.Index, _ scalars: String.UnicodeScalarView) -> Bool {
        var start = index
        for _ in 0..<countMax where start > scalars.startIndex && contains(scalars[start]) {
            start = scalars.index(before: start)
        }
        guard scalars[start].value == flag else { return false }
        let tags = scalars[start...].dropFirst().prefix(countMax + 1).prefix(while: contains)
        return (4...countMax).contains(tags.count) && tags.last?.value == end && tags.dropLast().allSatisfy(isInCode)
    }

    private static func contains(_ scalar: Unicode.Scalar) -> Bool { (0xe0000...0xe007f).contains(scalar.value) }

    private static func isInCode(_ scalar: Unicode.Scalar) -> Bool {
        (0xe0030...0xe0039).contains(scalar.value) || (0xe0061...0xe007a).contains(scalar.value)
    }
}
