/// What is searched for in a text: its words, and the characters of scripts that are written without blanks.
package enum SearchText {
    package enum Script: Sendable, Hashable {
        /// Letters and digits between which no word ends.
        case letters
        /// Characters that are words themselves, or parts of words which nothing parts: Chinese, and the Japanese syllables.
        case ideographs
    }

    /// Characters of one script that follow one another.
    package struct Word: Sendable, Hashable {
        package let script: Script
        package let form: FoldedForm
        /// Its place in the text, in characters (Unicode scalars).
        package let place: Range<Int>

        package var units: [UInt16] { form.units }
        /// The form, and how it is written without accents where that is another one.
        package var spellings: [[UInt16]] { form.spelledOut.map { [form.units, $0] } ?? [form.units] }
    }

    /// The first words of a text.
    package static func words(of text: String, countMax: Int) -> [Word] {
        var words: [Word] = []
        var (word, script, first): ([Unicode.Scalar], Script?, Int) = ([], nil, 0)
        func end(at place: Int) {
            if let script, !word.isEmpty {
                let form = FoldedForm(word)
                if !form.units.isEmpty { words.append(Word(script: script, form: form, place: first..<place)) }
            }
            word.removeAll(keepingCapacity: true)
        }
        var place = 0
        for scalar in text.unicodeScalars {
            let next = self.script(of: scalar, in: script)
            if next != script || word.count == FoldedForm.wordScalarsMax {
                end(at: place)
                if words.count == countMax { return words }
                (script, first) = (next, place)
            }
            if next != nil { word.append(scalar) }
            place += 1
        }
        end(at: place)
        return Array(words.prefix(countMax))
    }

    /// The decimal digits of a text, in whatever script they are written.
    package static func digits(of text: String) -> [UInt16] {
        text.unicodeScalars.compactMap { scalar in
            guard scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue else {
                return nil
            }
            return UInt16(0x30 + value)
        }
    }

    /// The digits of a phone number. The zero that is dialled within a country only, as in +49 (0)30, is none of them.
    package static func phoneDigits(of text: String) -> [UInt16] {
        let text = String(PhoneNumber.main(text))
        guard let international = text.first(where: { !$0.isWhitespace }), international == "+" || international == "＋",
            let open = text.firstIndex(of: "("), text[open...].hasPrefix("(0)")
        else { return digits(of: text) }
        return digits(of: String(text[..<open])) + digits(of: String(text[open...].dropFirst(3)))
    }

    /// Whether names in such characters are written one behind the other, without a blank: Chinese, Japanese, Korean.
    package static func isWrittenTogether(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.allSatisfy { isIdeograph($0) || (0xac00...0xd7a3).contains($0.value) }
    }

    /// Letters and digits of a text, one after the other: a number or code, however it is parted.
    package static func code(of text: String) -> [UInt16] {
        words(of: text, countMax: codeWordsMax).flatMap(\.units)
    }

    private static let codeWordsMax = 32

    private static func script(of scalar: Unicode.Scalar, in current: Script?) -> Script? {
        if scalar.isASCII {
            switch scalar {
            case "0"..."9", "a"..."z", "A"..."Z": return .letters
            default: return nil
            }
        }
        if isIdeograph(scalar) { return .ideographs }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            return .letters
        // Accents that stand by themselves, and joiners inside words.
        case .nonspacingMark, .spacingMark, .enclosingMark, .format: return current
        default: return nil
        }
    }

    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3005, 0x3007, 0x3041...0x3096, 0x30a1...0x30fa, 0x30fc, 0x31f0...0x31ff, 0x3400...0x4dbf,
            0x4e00...0x9fff,
            0xf900...0xfaff, 0xff66...0xff9d, 0x20000...0x3ffff:
            true
        default: false
        }
    }
}
