import AccessControl
import Tenancy
import Text
import Wire

/// What a record is found by: all that a query may ask of it, more than it may ask of any one.
struct SearchTerms {
    /// The way in which terms are made. A higher number makes the entries of all workspaces anew.
    static let form: Int32 = 5

    /// Words of a value that are looked at: of a longer text, the first ones.
    static let wordsMax = 24
    /// Lengths of beginnings that have a term. A query has that of the longest which it has, and looks at the values.
    static let titleLengths = [1, 2, 3, 4, 5, 6, 8, 10]
    static let otherLengths = [3, 4, 6, 8]
    static let readingLengths = [2, 3, 4, 6, 8]
    static let initialsLengths = [2, 3, 4]
    static let endingLengths = [4, 5, 6, 7, 8, 9]
    /// Words that mistakes are looked for in.
    static let alikeLengths = 3...24

    private var numbers: Set<Int32> = []

    /// Of a record of the type's shape in the workspace.
    static func all(of record: Message, id: RecordID, _ shape: SearchShape) -> [Int32] {
        var terms = SearchTerms()
        terms.numbers.formUnion(SearchTerm.samples(of: id))
        let standard = shape.type.standard
        if let owner = standard.owner.flatMap({ record.id($0.descriptor) }) {
            terms.numbers.insert(SearchTerm.owner(owner))
        }
        if let department = standard.department.flatMap({ record.id($0.descriptor) }) {
            terms.numbers.insert(SearchTerm.department(department))
        }
        for share in shape.type.shares(of: record) { terms.numbers.insert(SearchTerm.shared(with: share.subject.id)) }
        for selection in shape.type.selections(of: record) { terms.numbers.insert(SearchTerm.selection(selection)) }
        for tag in standard.tags?.ids(in: record) ?? [] { terms.numbers.insert(SearchTerm.tag(tag)) }
        var title = RecordTitle()
        for field in shape.fields {
            for (text, use) in field.texts(of: record) {
                terms.add(text, use, of: field)
                if field.isTitle { title.add(text, SearchText.words(of: text, countMax: wordsMax), of: field) }
            }
        }
        for whole in title.wholes { terms.numbers.insert(shape.title.number(.whole, whole)) }
        return terms.numbers.sorted()
    }

    /// All words, in whatever order they came.
    static func whole(_ words: [[UInt16]]) -> [UInt16] {
        Array(words.sorted { $0.lexicographicallyPrecedes($1) }.joined(separator: [0]))
    }

    private mutating func add(_ text: String, _ use: SearchedFields.Use, of field: SearchedFields.Field) {
        let term = field.term
        switch use {
        case .phone:
            let digits = SearchText.phoneDigits(of: text)
            for length in Self.endingLengths where length <= digits.count {
                numbers.insert(term.number(.ending, digits.suffix(length)))
            }
            return
        case .code:
            let code = SearchText.code(of: text)
            numbers.insert(term.number(.whole, code))
            for length in Self.otherLengths where length <= code.count {
                numbers.insert(term.number(.beginning, code.prefix(length)))
            }
        case .email: numbers.insert(term.number(.whole, MailAddress.key(text)))
        case .words, .items: break
        }
        let words = SearchText.words(of: text, countMax: Self.wordsMax)
        for word in words {
            switch word.script {
            case .letters: for spelling in word.spellings { add(spelling, of: field) }
            case .ideographs: add(characters: word.units, of: field)
            }
        }
        guard field.isTitle else { return }
        for pair in SearchedPair.all(words) {
            for spelling in pair.spellings {
                numbers.insert(term.number(.word, spelling))
                if Self.mayBeAlike(spelling) { numbers.insert(term.number(.alike, spelling)) }
            }
        }
    }

    private mutating func add(_ word: [UInt16], of field: SearchedFields.Field) {
        let term = field.term
        numbers.insert(term.number(.word, word))
        for length in field.isTitle ? Self.titleLengths : Self.otherLengths where length <= word.count {
            numbers.insert(term.number(.beginning, word.prefix(length)))
        }
        guard field.isTitle else { return }
        for form in Self.alike(word) { numbers.insert(term.number(.alike, form)) }
    }

    /// A number is another one with another digit.
    static func mayBeAlike(_ word: [UInt16]) -> Bool {
        alikeLengths.contains(word.count) && !word.contains { (0x30...0x39).contains($0) }
    }

    /// The word, and the word without one of its letters; none for short and very long ones, and for numbers.
    static func alike(_ word: [UInt16]) -> Set<[UInt16]> {
        guard mayBeAlike(word) else { return [] }
        var forms: Set<[UInt16]> = [word]
        for place in word.indices {
            var form = word
            form.remove(at: place)
            forms.insert(form)
        }
        return forms
    }

    /// Lengths of words that two letters are left out of: of shorter ones not enough is left to tell them by, and longer ones have too many such forms.
    private static let fartherLengths = 6...12

    /// The word without two of its letters. Records have their words without one, so these are forms of words with two mistakes, unless both are letters
    /// that are missing in what was typed.
    static func farther(_ word: [UInt16]) -> Set<[UInt16]> {
        guard fartherLengths.contains(word.count), mayBeAlike(word) else { return [] }
        return alike(word).filter { $0.count < word.count }.reduce(into: []) { forms, shorter in
            for place in shorter.indices {
                var form = shorter
                form.remove(at: place)
                forms.insert(form)
            }
        }
    }

    private mutating func add(characters: [UInt16], of field: SearchedFields.Field) {
        let term = field.term
        for character in characters { numbers.insert(term.number(.character, [character])) }
        for pair in zip(characters, characters.dropFirst()) {
            numbers.insert(term.number(.pair, [pair.0, pair.1]))
        }
        guard field.isTitle else { return }
        for first in characters.indices {
            for reading in ChineseReading.paths(characters[first...], lettersMax: Self.readingLengths.max() ?? 0) {
                for length in Self.readingLengths where length <= reading.letters.count {
                    numbers.insert(term.number(.reading, reading.letters.prefix(length)))
                }
                for length in Self.initialsLengths where length <= reading.initials.count {
                    numbers.insert(term.number(.initials, reading.initials.prefix(length)))
                }
            }
        }
    }
}

/// Two words of a name that follow each other, as one: who looks for `jpmorgan` finds JP Morgan.
struct SearchedPair {
    /// As those of a word.
    let spellings: Set<[UInt16]>
    /// Of both in the text.
    let place: Range<Int>

    /// Of those that are not longer than a word in which mistakes are looked for.
    static func all(_ words: [SearchText.Word]) -> [SearchedPair] {
        zip(words, words.dropFirst()).compactMap { one, next in
            guard one.script == .letters, next.script == .letters,
                one.units.count + next.units.count <= SearchTerms.alikeLengths.upperBound
            else { return nil }
            let plain = (one.spellings.last ?? one.units) + (next.spellings.last ?? next.units)
            return SearchedPair(
                spellings: [one.units + next.units, plain], place: one.place.lowerBound..<next.place.upperBound)
        }
    }
}

/// By what people call a record.
struct RecordTitle {
    private var parts: [String] = []
    private var words: [[UInt16]] = []
    /// All of the name as one word, where it is written so.
    private var together: (text: String, words: [[UInt16]])?

    mutating func add(_ text: String, _ found: [SearchText.Word], of field: SearchedFields.Field) {
        guard field.isTitle else { return }
        if field.rest == nil {
            parts.append(text)
            words += found.map(\.units)
        } else {
            together = (text, found.map(\.units))
        }
    }

    var text: String { together?.text ?? parts.joined(separator: " ") }

    /// All of its words, whatever their order: in each way in which it is written.
    var wholes: [[UInt16]] { [words, together?.words ?? []].filter { !$0.isEmpty }.map(SearchTerms.whole) }
}

/// How Chinese characters that follow one another may be read.
struct ChineseReading {
    var letters: [UInt16] = []
    var initials: [UInt16] = []

    /// Ways of reading, each up to so many letters and four characters at least; characters that are often read in two ways make more.
    static func paths(_ characters: ArraySlice<UInt16>, lettersMax: Int) -> [ChineseReading] {
        var paths = [ChineseReading()]
        for (place, character) in characters.enumerated() {
            let readings = Pinyin.readings(of: character)
            guard !readings.isEmpty else { break }
            if place >= 4, paths.allSatisfy({ $0.letters.count >= lettersMax }) { break }
            let longer = paths.flatMap { path in
                readings.map {
                    ChineseReading(letters: path.letters + $0, initials: path.initials + $0.prefix(1))
                }
            }
            paths = Array(longer.prefix(pathsMax))
        }
        return paths
    }

    private static let pathsMax = 8

    /// How many characters it takes from the first one on to read all of the letters; nil when they are read otherwise.
    static func count(of letters: ArraySlice<UInt16>, in characters: ArraySlice<UInt16>) -> Int? {
        guard !letters.isEmpty else { return 0 }
        guard let character = characters.first else { return nil }
        for reading in Pinyin.readings(of: character) {
            if reading.starts(with: letters) { return 1 }
            guard letters.starts(with: reading) else { continue }
            if let rest = count(of: letters.dropFirst(reading.count), in: characters.dropFirst()) { return rest + 1 }
        }
        return nil
    }

    /// Whether the letters are the first ones of the syllables from the first character on.
    static func areInitials(_ letters: [UInt16], of characters: ArraySlice<UInt16>) -> Bool {
        letters.count <= characters.count
            && zip(letters, characters).allSatisfy { letter, character in
                Pinyin.readings(of: character).contains { $0.first == letter }
            }
    }
}
