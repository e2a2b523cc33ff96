import Testing

@testable import Text

@Suite struct TextFormTests {
    func normalized(_ text: String) -> String { TextForm.normalized(text) }

    /// Swift's == takes canonically equal texts for the same; here every byte counts.
    func isSame(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }

    @Test(arguments: [
        "", "   ", "\t\n", "\u{3000}", "\u{200b}", "\u{feff}", "\u{a0}\u{2060}", "\u{200d}\u{200c}", "\u{fe0f}",
        "\u{3164}",
        "\u{2800}", "\u{ad}", "\u{2029}", "\u{85}", "\u{e0041}",
    ])
    func blankTextsAreEmpty(_ text: String) { #expect(isSame(normalized(text), "")) }

    @Test(arguments: [
        ("uniq1 ", "uniq1"), ("\u{3000}北京\u{3000}", "北京"), ("\u{feff}Acme", "Acme"), ("Acme\u{200b}", "Acme"),
        ("\u{a0}Acme GmbH\u{a0}\r\n", "Acme GmbH"), ("  two  spaces  ", "two  spaces"),
        ("a\r\nb\rc\n\nd", "a\nb\nc\n\nd"),
        ("Cafe\u{301}", "Caf\u{e9}"), ("A\u{308}pfel ", "\u{c4}pfel"), ("\u{212b}", "\u{c5}"), ("가".decomposed, "가"),
    ])
    func marginsGoAndCharactersAreComposed(_ text: String, _ expected: String) {
        #expect(isSame(normalized(text), expected))
    }

    /// Joiners, selectors and tags make these what they are.
    @Test(arguments: [
        "👩‍👩‍👧‍👦", "❤️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "ക്‍ഷ", "a\u{200b}b", "日本", "شركة\u{200f} Acme", "Zürich", "👍🏽",
    ])
    func whatIsInsideStays(_ text: String) {
        #expect(isSame(normalized(text), text))
        #expect(isSame(normalized(" \u{200b}" + text + "\u{feff} "), text))
        #expect(TextForm.oneLine.forbidden(in: text) == nil)
    }

    @Test(arguments: [
        "a\nb", "a\tb", "\u{7}", "a\u{1b}[31m", "a\u{0}", "a\u{7f}", "a\u{85}b", "a\u{2028}b", "a\u{202e}b",
        "\u{202a}a",
        "\u{2066}a\u{2069}",
    ])
    func oneLineRefuses(_ text: String) { #expect(TextForm.oneLine.forbidden(in: text) != nil) }

    @Test(arguments: ["a\u{7}", "a\u{1b}[31m", "a\u{b}b", "a\u{c}b", "a\u{9b}b", "a\u{202e}b", "a\u{202d}b"])
    func severalLinesRefuse(_ text: String) { #expect(TextForm.multiLine.forbidden(in: text) != nil) }

    /// Tags hide text in text.
    @Test(arguments: [
        "uniq1\u{e0041}", "a\u{e0001}b", "\u{1f3f4}\u{e0067}\u{e0062}", "\u{1f3f4}\u{e007f}",
        "a\u{e0067}\u{e0062}\u{e0065}\u{e007f}",
        "\u{1f3f4}" + String(repeating: "\u{e0061}", count: 9) + "\u{e007f}",
    ])
    func noFormTakesTagsOutsideAFlag(_ text: String) {
        for form in [TextForm.oneLine, .multiLine, .key] { #expect(form.forbidden(in: text) != nil) }
    }

    /// Noncharacters, and characters for private use. Swift has no literals of the first.
    @Test(
        arguments: [
            0xe000, 0xf8ff, 0xf0000, 0x10fffd, 0xfdd0, 0xfdef, 0xfffe, 0xffff, 0x1fffe, 0x10ffff,
        ] as [UInt32])
    func noFormTakesWhatMeansNothing(_ value: UInt32) throws {
        let scalar = try #require(Unicode.Scalar(value))
        for form in [TextForm.oneLine, .multiLine, .key] {
            #expect(form.forbidden(in: "a\(scalar)b") == ForbiddenCharacter(scalar: scalar, position: 2))
        }
    }

    @Test(arguments: [
        "un\u{200b}iq1", "un\u{200c}iq1", "un\u{200d}iq1", "un\u{ad}iq1", "un\u{feff}iq1", "un\u{2060}iq1",
        "un\u{34f}iq1", "un\u{180e}iq1",
        "un\u{3164}iq1", "uniq1\u{fe0f}", "1\u{fe0f}2", "葛\u{e0100}", "un\u{2800}iq1", "un\u{200f}iq1", "\u{200d}a",
        "د\u{200c}ا", "👍\u{fe0f}",
        "a\u{fe00}b", "👩\u{200c}👩", "a\nb", "a  b", "a\u{a0}b", "a\u{2003}b", "a\u{1680}b", "a\u{3000}b",
    ])
    func aKeyHasNothingThatNobodySees(_ text: String) { #expect(TextForm.key.forbidden(in: text) != nil) }

    /// Without the character they would look different.
    @Test(arguments: [
        "uniq-1/ä", "uniq 1", "uniq 1 ä", "👩‍👩‍👧‍👦", "❤️", "❤️ a", "🏳️‍🌈", "1️⃣", "👩🏽‍💻", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "می‌خواهم", "ക്‍ഷ", "क्‌ष", "日本", "שלום",
    ])
    func aKeyTakesWhatIsSeen(_ text: String) { #expect(TextForm.key.forbidden(in: text) == nil) }

    @Test(arguments: ["a\nb\tc", "a\u{2028}b", "אב \u{2068}Acme\u{2069} גד", "\u{202b}שלום\u{202c} x", "Grüße\n\n北京"])
    func severalLinesTake(_ text: String) { #expect(TextForm.multiLine.forbidden(in: text) == nil) }

    /// A row of marks in the wrong order takes time that grows with the square of its length.
    @Test func rowsOfMarksAreRefusedAtOnce() {
        let marks = String(repeating: "\u{301}\u{323}", count: 200_000)
        let start = ContinuousClock.now
        let once = normalized("a" + marks)
        #expect(isSame(once, "a" + marks) && isSame(normalized(once), once))
        #expect(TextForm.multiLine.forbidden(in: once)?.position == 32)
        #expect(ContinuousClock.now - start < .seconds(5))
        let few = "a" + String(repeating: "\u{301}\u{323}", count: 15)
        #expect(TextForm.oneLine.forbidden(in: normalized(few)) == nil)
    }

    @Test func theForbiddenCharacterIsNamedAndNotRepeated() {
        let override = TextForm.oneLine.forbidden(in: "ab\u{202e}c")
        #expect(override?.name == "U+202E (RIGHT-TO-LEFT OVERRIDE)" && override?.position == 3)
        let bell = TextForm.oneLine.forbidden(in: "\u{7}")
        #expect(bell?.name.hasPrefix("U+0007") == true && bell?.position == 1)
        #expect(TextForm.key.forbidden(in: "un\u{200b}iq1")?.name == "U+200B (ZERO WIDTH SPACE)")
        #expect(TextForm.oneLine.forbidden(in: "a\u{e000}")?.name == "U+E000")
        #expect(bell?.name.unicodeScalars.contains("\u{7}") == false)
    }

    /// Whatever comes in: once is enough, and the way in which it was typed makes no difference.
    @Test func normalizingTwiceIsNormalizingOnce() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let text = RandomText.make(&random)
            let once = normalized(text)
            #expect(isSame(normalized(once), once), "\(Array(text.unicodeScalars))")
            #expect(isSame(normalized(text.decomposed), once), "\(Array(text.unicodeScalars))")
            #expect(isSame(CanonicalForm.composed(once), once), "\(Array(text.unicodeScalars))")
            #expect(isSame(normalized("\u{feff} " + text + "\u{3000}\n"), once), "\(Array(text.unicodeScalars))")
        }
    }

    /// Every character alone, where there are any but ideographs: chance would take long to reach them.
    @Test func everyCharacterCanBeNormalized() {
        for value in Array(0...UInt32(0x1ffff)) + Array(0xe0000...0xe0fff) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let once = normalized("a\(scalar)b")
            if !isSame(normalized(once), once) { Issue.record("\(value)") }
        }
    }
}

@Suite struct TextOrderTests {
    @Test func peopleFindWhatTheyLookFor() {
        let words = ["Zebra", "ape", "Äpfel", "apfel", "Apfel", "zoo", "Éclair", "eclair", "北京", "10", "9"]
        let sorted = words.sorted(by: TextOrder.root.precedes)
        #expect(sorted == ["10", "9", "ape", "apfel", "Apfel", "Äpfel", "eclair", "Éclair", "Zebra", "zoo", "北京"])
    }

    /// A total order: keyset pages neither lose nor repeat a text.
    @Test func onlyEqualTextsAreEqual() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<5_000 {
            let one = RandomText.make(&random)
            let other = RandomText.make(&random)
            let isSame = one.utf8.elementsEqual(other.utf8)
            #expect(!(TextOrder.root.precedes(one, other) && TextOrder.root.precedes(other, one)))
            #expect((TextOrder.root.precedes(one, other) || TextOrder.root.precedes(other, one)) == !isSame)
        }
    }
}

/// Texts of letters, marks that compose, blanks, invisible and control characters.
enum RandomText {
    private static let scalars: [Unicode.Scalar] = [
        "a", "A", "e", "s", "\u{301}", "\u{308}", "\u{323}", "\u{327}", "é", "ẛ", "\u{344}", "\u{958}", "\u{212b}", " ",
        "\u{a0}", "\u{3000}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{feff}", "\u{fe0f}", "\u{e0067}", "\u{1100}",
        "\u{1161}",
        "\u{11a8}", "가", "👩", "\n", "\r", "\t", "\u{7}", "\u{202e}", "\u{2066}", "\u{34f}", "\u{3099}", "か", "\u{fb2c}",
        "\u{1d15e}", "北",
    ]

    static func make(_ random: inout SystemRandomNumberGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            if let scalar = scalars.randomElement(using: &random) { text.append(scalar) }
        }
        return String(text)
    }
}

extension String {
    /// Normal form D by Swift's own data of Unicode: how a Mac types.
    var decomposed: String {
        var scalars = String.UnicodeScalarView()
        for character in self {
            for scalar in character.unicodeScalars { scalars.append(contentsOf: Decomposition.of(scalar)) }
        }
        return String(scalars)
    }
}

/// Some characters of the tests, taken apart.
enum Decomposition {
    private static let parts: [Unicode.Scalar: String.UnicodeScalarView] = [
        "é": "e\u{301}".unicodeScalars, "ẛ": "\u{17f}\u{307}".unicodeScalars, "가": "\u{1100}\u{1161}".unicodeScalars,
        "Ä": "A\u{308}".unicodeScalars, "\u{344}": "\u{308}\u{301}".unicodeScalars,
    ]

    static func of(_ scalar: Unicode.Scalar) -> String.UnicodeScalarView {
        parts[scalar] ?? String.UnicodeScalarView([scalar])
    }
}
