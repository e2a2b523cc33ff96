import TestSupport
import Testing

@testable import Text

@Suite struct SearchTextTests {
    private func forms(_ text: String) -> [String] {
        SearchText.words(of: text, countMax: 100).map { String(decoding: $0.units, as: UTF16.self) }
    }

    @Test(arguments: [
        ("Acme GmbH & Co. KG", ["acme", "gmbh", "co", "kg"]), ("O'Shannessy-Müller", ["o", "shannessy", "muller"]),
        ("ＡＣＭＥ　１２３", ["acme", "123"]), ("ﬁnanz Straße", ["finanz", "strasse"]), ("Łódź Ørsted", ["lodz", "orsted"]),
        ("Cafe\u{301}", ["cafe"]), ("İstanbul", ["istanbul"]), ("中国银行 (ICBC)", ["中国银行", "icbc"]),
        ("Sony日本株式会社", ["sony", "日本株式会社"]), ("Ελλάδα МОСКВА", ["ελλαδα", "москва"]), ("", []), ("–—…", []),
        ("a\u{ad}b", ["ab"]), ("\u{301}", []),
    ])
    func wordsAreComparedInOneForm(_ text: String, _ words: [String]) { #expect(forms(text) == words) }

    @Test func whoHasNoAccentsSpellsThemOut() {
        let word = SearchText.words(of: "Müller", countMax: 1)[0]
        #expect(word.spellings.map { String(decoding: $0, as: UTF16.self) } == ["muller", "mueller"])
        #expect(SearchText.words(of: "Muller", countMax: 1)[0].spellings.count == 1)
    }

    @Test func placesAreThoseOfTheText() {
        for text in ["Acme GmbH", "  中国 Bank", "Cafe\u{301} à la", "ＡＢ x"] {
            let scalars = Array(text.unicodeScalars)
            for word in SearchText.words(of: text, countMax: 10) {
                #expect(FoldedForm(scalars[word.place]).units == word.units)
            }
        }
    }

    @Test(arguments: [
        ("+49 (0)170-123 45 67", "4901701234567"), ("١٢٣", "123"), ("０１２", "012"), ("none", ""), ("½", ""),
    ])
    func digitsAreDigits(_ text: String, _ digits: String) {
        #expect(String(decoding: SearchText.digits(of: text), as: UTF16.self) == digits)
    }

    @Test func codesAreComparedWithoutWhatPartsThem() {
        #expect(SearchText.code(of: "DE 123.456-789") == SearchText.code(of: "de123456789"))
    }

    /// Whatever the text: no crash, no empty word, words in order, and a form that is folded again is the same.
    @Test func anyTextHasWords() {
        var chance = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let text = chance.text()
            let words = SearchText.words(of: text, countMax: 20)
            var last = 0
            for word in words {
                let isInOrder = word.place.lowerBound >= last && !word.place.isEmpty && !word.units.isEmpty
                #expect(isInOrder, "\(text.debugDescription)")
                last = word.place.upperBound
                let form = String(decoding: word.units, as: UTF16.self)
                let again = FoldedForm(form.unicodeScalars).units
                #expect(again == word.units, "\(text.debugDescription) \(form.debugDescription)")
            }
        }
    }

    /// Upper and lower case, width and composition change no form.
    @Test func howATextIsWrittenMakesNoDifference() {
        for text in ["Straße", "Ångström", "École", "ﬃ", "Việt Nam", "Ελλάδα", "中国", "한국"] {
            #expect(forms(text) == forms(text.decomposed))
            #expect(forms(text) == forms(text.uppercased()))
        }
    }
}

@Suite struct PinyinTests {
    private func readings(_ text: String) -> [[String]] {
        text.utf16.map { Pinyin.readings(of: $0).map { String(decoding: $0, as: UTF16.self) } }
    }

    @Test func charactersAreRead() {
        #expect(readings("中国") == [["zhong"], ["guo"]])
        #expect(readings("行")[0].contains("hang") && readings("行")[0].contains("xing"))
        #expect(readings("长")[0].contains("chang") && readings("吕")[0].contains("lv"))
        #expect(readings("aé한の") == [[], [], [], []])
    }

    /// Nearly all characters in use have a reading, of Latin letters.
    @Test func allBlocksAreRead() {
        let all = (UInt16(0x4e00)...0x9fa5).map { Pinyin.readings(of: $0) }
        #expect(all.count { $0.isEmpty } < 50)
        #expect(all.joined().allSatisfy { (1...7).contains($0.count) && $0.allSatisfy { (0x61...0x7a).contains($0) } })
        #expect(
            (UInt16.min...UInt16.max).allSatisfy { (0x3400..<0xa000).contains($0) || Pinyin.readings(of: $0).isEmpty })
    }
}

@Suite struct WordDistanceTests {
    private func likeness(_ one: String, _ other: String) -> Double {
        WordDistance.likeness(Array(one.utf16), Array(other.utf16))
    }

    @Test func mistakesAreCounted() {
        #expect(likeness("smith", "smith") == 1)
        #expect(
            likeness("smith", "smiht") == 0.8 && likeness("smith", "smth") == 0.8 && likeness("smith", "smyth") == 0.8)
        #expect(likeness("abc", "xyz") == 0 && likeness("", "a") == 0)
        #expect(likeness(String(repeating: "a", count: 60), String(repeating: "b", count: 60)) == 0)
    }

    /// The same whichever comes first, between 0 and 1, and 1 for equal words only.
    @Test func likenessIsSymmetric() {
        var chance = SeededGenerator(seed: 2)
        for _ in 0..<5_000 {
            let (one, other) = (Array(chance.word().utf16), Array(chance.word().utf16))
            for likeness in [WordDistance.likeness, WordDistance.commonShare] {
                let (there, back) = (likeness(one, other), likeness(other, one))
                #expect(there == back && (0...1).contains(there) && (there == 1) == (one == other))
            }
        }
    }

    @Test func commonLettersAreCounted() {
        func share(_ one: String, _ other: String) -> Double {
            WordDistance.commonShare(Array(one.utf16), Array(other.utf16))
        }
        #expect(share("kyle", "kydan") == 4.0 / 9 && share("abcd", "dcba") == 0.25 && share("abc", "xyz") == 0)
        #expect(share("", "a") == 0 && share("smith", "smyth") == 0.8)
    }
}

extension SeededGenerator {
    fileprivate mutating func text() -> String {
        let pieces = [
            "a", "B", "é", "e\u{301}", "ß", "ﬁ", "中", "国", "の", "한", "１", "½", " ", "-", "\u{200d}", "👍🏽", "ø", "İ",
            "\u{345}", "㈱", "ﷺ",
        ]
        var scalars = String.UnicodeScalarView()
        for _ in 0..<number(0...11) {
            if number(0...2) == 0 {
                if let scalar = Unicode.Scalar(UInt32(number(0...0x10_ffff))) { scalars.append(scalar) }
            } else {
                scalars.append(contentsOf: pieces[number(0...pieces.count - 1)].unicodeScalars)
            }
        }
        return String(scalars)
    }

    fileprivate mutating func word() -> String {
        String((0..<number(1...6)).map { _ in ["a", "b", "c"][number(0...2)] }.joined())
    }
}
