import Contracts
import Tenancy
import Text
import Wire

/// How a word of a query, or all of it, is found in a value.
struct WordMatch: Sendable {
    let kind: SearchMatchKind
    /// From 0 to 1.
    let likeness: Double
    /// Where in the value.
    let places: [Range<Int>]

    /// Words that are less alike are others.
    static let likenessMin = 0.6
    /// The same for two words as one: most pairs of words are no name, and are longer.
    static let pairLikenessMin = 0.75
    /// A word that is as like as that counts as found.
    static let foundMin = 0.75
}

/// A record that may be found, and what of the query stands in it.
struct SearchCandidate: Sendable {
    struct Value: Sendable {
        let field: SearchedFields.Field
        let text: String
        /// It is the value that was looked for.
        let exact: WordMatch?
        /// Of each word of the query.
        let words: [WordMatch?]
        /// Of each two words that follow each other, taken as one.
        let joined: [WordMatch?]
        /// How like a word of it each word of the query is that is not found in it, from 0 to 1: of names; empty for other values.
        let nearness: [Double]
        /// Letters in it, and how many of them the query has.
        let letters: Double
        let lettersFound: Double
    }

    let object: String
    let id: RecordID
    let title: String
    let values: [Value]
    /// It is called exactly so.
    let isNamed: Bool
    /// How well its name begins with the first word of the query and ends with the last, from 0 to 1: people type names as they are written.
    let orderShare: Double

    /// The best match of a word, and in which value.
    func best(_ word: Int) -> (value: Value, match: WordMatch)? { best { $0.words[word] } }

    /// How near a word comes that is not found: what speaks for one of two records of which neither has it.
    func nearness(_ word: Int) -> Double {
        values.lazy.filter { !$0.nearness.isEmpty }.map { $0.nearness[word] }.max() ?? 0
    }

    func bestJoined(_ place: Int) -> (value: Value, match: WordMatch)? { best { $0.joined[place] } }

    private func best(_ match: (Value) -> WordMatch?) -> (value: Value, match: WordMatch)? {
        var best: (value: Value, match: WordMatch)?
        for value in values {
            guard let found = match(value) else { continue }
            if let best, best.match.likeness * best.value.weight >= found.likeness * value.weight { continue }
            best = (value, found)
        }
        return best
    }
}

extension SearchCandidate.Value {
    /// What is found in a name counts more.
    var weight: Double { field.isTitle ? 1 : 0.8 }
}

/// Looks for a pattern in records as their caller may read them. What entries say is where to look, this is what decides: so an entry that is late, or
/// has the number of another term, finds nothing wrong.
struct SearchMatcher {
    let pattern: SearchPattern
    private let joined: [[UInt16]]

    init(_ pattern: SearchPattern) {
        self.pattern = pattern
        joined = pattern.joinedWords
    }

    /// Nil for a record in which nothing is found.
    func candidate(_ record: Message, id: RecordID, _ readable: ReadableShape) -> SearchCandidate? {
        var values: [SearchCandidate.Value] = []
        var title = RecordTitle()
        var names: [SearchText.Word] = []
        for field in readable.fields {
            for (text, use) in field.texts(of: record) {
                let words = SearchText.words(of: text, countMax: SearchTerms.wordsMax)
                title.add(text, words, of: field)
                if field.isTitle, field.rest == nil { names += words }
                values.append(value(text, words, use, field))
            }
        }
        let isNamed =
            readable.isTitleReadable
            && title.wholes.contains(SearchTerms.whole(pattern.words.map(\.units)))
        guard isNamed || isFound(values) else { return nil }
        // What has no name of its own has a number, or one belongs to it.
        let called = title.text.isEmpty ? values.first?.text ?? "" : title.text
        return SearchCandidate(
            object: readable.shape.type.object, id: id, title: called, values: values, isNamed: isNamed,
            orderShare: orderShare(names))
    }

    private func orderShare(_ names: [SearchText.Word]) -> Double {
        guard pattern.words.count > 1,
            let (first, last) = names.first.flatMap({ first in names.last.map { (first, $0) } })
        else { return 0 }
        let ends = [(pattern.words[0], first), (pattern.words[pattern.words.count - 1], last)]
        let found = ends.map { typed, written in
            typed.script == .letters ? match(typed.spellings, written, mayBeAlike: true)?.likeness ?? 0 : 0
        }
        return found.reduce(0, +) / Double(ends.count)
    }

    /// Of a phone number, however it is parted, nobody wants what has one of the parts.
    private func isFound(_ values: [SearchCandidate.Value]) -> Bool {
        if values.contains(where: { $0.exact != nil }) { return true }
        if pattern.isPhone {
            return pattern.words.indices.allSatisfy { word in values.contains { $0.words[word] != nil } }
        }
        return values.contains { value in
            value.words.contains { $0 != nil } || value.joined.contains { $0 != nil }
        }
    }

    private func value(
        _ text: String, _ words: [SearchText.Word], _ use: SearchedFields.Use, _ field: SearchedFields.Field
    ) -> SearchCandidate.Value {
        let pairs = field.isTitle ? SearchedPair.all(words) : []
        let found = pattern.words.map { word in
            word.script == .letters
                ? best(
                    words.map { match(word.spellings, $0, mayBeAlike: field.isTitle) }
                        + pairs.map { match(word.spellings, $0) })
                : characters(word.units, words)
        }
        let joined = joined.map { joined in
            field.isTitle ? best(words.map { match([joined], $0, mayBeAlike: true) }) : nil
        }
        let nearness = field.isTitle ? zip(pattern.words, found).map { $1 == nil ? Self.nearness($0, words) : 0 } : []
        let letters = words.map { Double($0.units.count) }.reduce(0, +)
        let names = field.isTitle ? words : []
        let lettersFound = names.map { word in
            let matches = pattern.words.map { match($0.spellings, word, mayBeAlike: true) }
            let inPairs = found.filter {
                $0?.places.contains { word.place.lowerBound >= $0.lowerBound && word.place.upperBound <= $0.upperBound }
                    == true
            }
            let most = best(matches + inPairs)?.likeness ?? 0
            return most * Double(word.units.count)
        }
        return SearchCandidate.Value(
            field: field, text: text, exact: exact(text, use), words: found, joined: joined,
            nearness: nearness, letters: field.isTitle ? letters : 0,
            lettersFound: field.isTitle ? lettersFound.reduce(0, +) : 0)
    }

    /// The value is what was looked for: an address, a number, a code.
    private func exact(_ text: String, _ use: SearchedFields.Use) -> WordMatch? {
        let all = 0..<text.unicodeScalars.count
        switch use {
        case .email, .code:
            let code = use == .email ? MailAddress.key(text) : SearchText.code(of: text)
            return code == pattern.code
                ? WordMatch(kind: .exact, likeness: 1, places: [all]) : nil
        case .phone:
            guard let digits = pattern.digits else { return nil }
            let number = SearchPattern.significant(SearchText.phoneDigits(of: text))
            if number == digits { return WordMatch(kind: .exact, likeness: 1, places: [all]) }
            guard digits.count >= SearchTerms.endingLengths[0], number.reversed().starts(with: digits.reversed()) else {
                return nil
            }
            return WordMatch(
                kind: digits.count >= SearchPattern.phoneLengthMin ? .exact : .ending, likeness: 1, places: [all])
        case .words, .items: return nil
        }
    }

    private static func nearness(_ typed: SearchText.Word, _ words: [SearchText.Word]) -> Double {
        guard typed.script == .letters, SearchTerms.mayBeAlike(typed.units) else { return 0 }
        return words.lazy.filter { $0.script == .letters && SearchTerms.mayBeAlike($0.units) }
            .map { WordDistance.commonShare(typed.units, $0.units) }.max() ?? 0
    }

    private func best(_ matches: [WordMatch?]) -> WordMatch? {
        var best: WordMatch?
        for case let match? in matches where match.likeness > (best?.likeness ?? 0) { best = match }
        return best
    }

    /// A word of letters in a word of the value.
    private func match(_ spellings: [[UInt16]], _ word: SearchText.Word, mayBeAlike: Bool) -> WordMatch? {
        guard word.script == .letters else { return mayBeAlike ? reading(spellings[0], word) : nil }
        var best: WordMatch?
        for typed in spellings {
            for written in word.spellings {
                guard let match = match(typed, written, word.place, mayBeAlike) else { continue }
                if match.likeness > (best?.likeness ?? 0) { best = match }
            }
        }
        return best
    }

    private func match(_ typed: [UInt16], _ written: [UInt16], _ place: Range<Int>, _ mayBeAlike: Bool) -> WordMatch? {
        if typed == written { return WordMatch(kind: .word, likeness: 1, places: [place]) }
        if written.starts(with: typed) {
            let share = Double(typed.count) / Double(written.count)
            // Where the form of each character is one unit, the beginning can be shown.
            let end = place.count == written.count ? place.lowerBound + typed.count : place.upperBound
            return WordMatch(kind: .prefix, likeness: 0.75 + 0.2 * share, places: [place.lowerBound..<end])
        }
        guard mayBeAlike, SearchTerms.mayBeAlike(typed), SearchTerms.mayBeAlike(written) else { return nil }
        let likeness = WordDistance.likeness(typed, written)
        guard likeness >= WordMatch.likenessMin else { return nil }
        return WordMatch(kind: .similar, likeness: likeness, places: [place])
    }

    /// A word of letters in two words that follow each other. Written as one it would be found better.
    private func match(_ spellings: [[UInt16]], _ pair: SearchedPair) -> WordMatch? {
        var best: WordMatch?
        for typed in spellings {
            for written in pair.spellings where abs(written.count - typed.count) <= Self.pairLengthsApartMax {
                let isSame = typed == written
                guard isSame || SearchTerms.mayBeAlike(typed) && SearchTerms.mayBeAlike(written) else { continue }
                let likeness = Self.pairWorth * WordDistance.likeness(typed, written)
                guard likeness >= WordMatch.pairLikenessMin, likeness > best?.likeness ?? 0 else { continue }
                best = WordMatch(kind: isSame ? .word : .similar, likeness: likeness, places: [pair.place])
            }
        }
        return best
    }

    private static let pairWorth = 0.95
    /// What is longer or shorter by more letters is another word.
    private static let pairLengthsApartMax = 2

    /// Letters in Chinese characters.
    private func reading(_ letters: [UInt16], _ word: SearchText.Word) -> WordMatch? {
        guard letters.count > 1, letters.allSatisfy({ (0x61...0x7a).contains($0) }) else { return nil }
        // Characters beyond the first plane have no reading, and each of the others is one unit.
        guard word.place.count == word.units.count else { return nil }
        for first in word.units.indices {
            let rest = word.units[first...]
            let begin = word.place.lowerBound + first
            if let count = ChineseReading.count(of: letters[...], in: rest) {
                return WordMatch(kind: .pinyin, likeness: first == 0 ? 0.9 : 0.85, places: [begin..<begin + count])
            }
            if ChineseReading.areInitials(letters, of: rest) {
                return WordMatch(
                    kind: .initials, likeness: first == 0 ? 0.85 : 0.8, places: [begin..<begin + letters.count])
            }
        }
        return nil
    }

    /// Chinese characters: all of them in one place, or the pairs of them that are there.
    private func characters(_ typed: [UInt16], _ words: [SearchText.Word]) -> WordMatch? {
        var best: WordMatch?
        for word in words where word.script == .ideographs && word.place.count == word.units.count {
            if let first = SearchMatcher.place(of: typed, in: word.units) {
                let begin = word.place.lowerBound + first
                return WordMatch(kind: .word, likeness: 1, places: [begin..<begin + typed.count])
            }
            let pairs = zip(typed, typed.dropFirst()).compactMap { one, next in
                SearchMatcher.place(of: [one, next], in: word.units)
            }
            guard !pairs.isEmpty else { continue }
            let likeness = 0.9 * Double(pairs.count) / Double(typed.count - 1)
            guard likeness >= WordMatch.likenessMin, likeness > best?.likeness ?? 0 else { continue }
            best = WordMatch(
                kind: .similar, likeness: likeness,
                places: pairs.map { word.place.lowerBound + $0..<word.place.lowerBound + $0 + 2 })
        }
        return best
    }

    private static func place(of part: [UInt16], in units: [UInt16]) -> Int? {
        guard part.count <= units.count else { return nil }
        return (0...units.count - part.count).first { units[$0...].starts(with: part) }
    }
}
