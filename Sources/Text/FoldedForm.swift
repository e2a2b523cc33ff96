import CICU

/// The form of a word in which words are compared: upper and lower case, width, ligatures and accents make no difference. In UTF-16, as ICU
/// has texts.
package struct FoldedForm: Hashable, Sendable {
    package let units: [UInt16]
    /// How the word is written by who has no accents: Müller as Mueller. Nil for most.
    package let spelledOut: [UInt16]?

    package init(_ word: some Sequence<Unicode.Scalar>) {
        var plain: [UInt16] = []
        for scalar in word {
            guard scalar.isASCII else {
                (units, spelledOut) = FoldedForm.fold(Array(word))
                return
            }
            plain.append(UInt16(scalar.value | (("A"..."Z").contains(scalar) ? 0x20 : 0)))
        }
        (units, spelledOut) = (plain, nil)
    }

    private static let caseless = steward_caseless().map { ICUNormalizer(pointer: $0) }
    private static let decomposed = steward_nfd().map { ICUNormalizer(pointer: $0) }

    private static func fold(_ word: [Unicode.Scalar]) -> (units: [UInt16], spelledOut: [UInt16]?) {
        var units: [UInt16] = []
        for scalar in word.prefix(wordScalarsMax) { units.append(contentsOf: scalar.utf16) }
        let caseless = normalized(units, by: caseless)
        let spelled = spelling(caseless)
        return (bare(caseless), spelled.map(bare))
    }

    /// Longer words are cut off: texts without blanks.
    static let wordScalarsMax = 128

    /// Without marks, and letters that are no letter with a mark for Unicode as people type them.
    private static func bare(_ units: [UInt16]) -> [UInt16] {
        guard units.contains(where: { $0 >= 0x80 }) else { return units }
        var bare: [UInt16] = []
        for scalar in String(decoding: normalized(units, by: decomposed), as: UTF16.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: continue
            default: break
            }
            if let typed = typed[scalar] {
                bare.append(contentsOf: typed.utf16)
            } else {
                bare.append(contentsOf: scalar.utf16)
            }
        }
        return bare
    }

    private static let typed: [Unicode.Scalar: String] = [
        "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i",
    ]

    private static func spelling(_ units: [UInt16]) -> [UInt16]? {
        var (spelled, isOther): ([UInt16], Bool) = ([], false)
        for unit in units {
            guard let letters = spellings[unit] else {
                spelled.append(unit)
                continue
            }
            isOther = true
            spelled.append(contentsOf: letters)
        }
        return isOther ? spelled : nil
    }

    private static let spellings: [UInt16: [UInt16]] = [
        0xe4: Array("ae".utf16), 0xf6: Array("oe".utf16), 0xfc: Array("ue".utf16), 0xe5: Array("aa".utf16),
        0xf8: Array("oe".utf16),
    ]

    private static func normalized(_ units: [UInt16], by normalizer: ICUNormalizer?) -> [UInt16] {
        guard let normalizer = normalizer?.pointer else {
            preconditionFailure("libicu has no data of normal forms; reinstall the package libicu72")
        }
        let count = Int32(units.count)
        // No character has more than 18 units in any of the forms.
        var form = [UInt16](repeating: 0, count: units.count * 18)
        let length = steward_normalize(normalizer, units, count, &form, Int32(form.count))
        guard length >= 0 else { preconditionFailure("no character has more than 18 units in a normal form") }
        return Array(form.prefix(Int(length)))
    }
}
