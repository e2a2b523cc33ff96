import Text

/// What is looked for, in the forms in which it may stand in records.
struct SearchPattern: Sendable {
    /// Characters and words of a query.
    static let charactersMax = 200
    static let wordsMax = 8

    let words: [SearchText.Word]
    /// The query as one number or code, or address.
    let code: [UInt16]
    /// Its digits, if it is made of digits and of what parts them in phone numbers.
    let digits: [UInt16]?

    /// - Throws: INVALID_ARGUMENT with SEARCH_QUERY_INVALID.
    init(_ query: String) throws {
        let text = TextForm.normalized(query)
        guard text.unicodeScalars.count <= Self.charactersMax else {
            throw RecordErrors.searchQuery(
                "query has \(text.unicodeScalars.count) characters; at most \(Self.charactersMax) are allowed.")
        }
        let found = SearchText.words(of: text, countMax: Self.wordsMax + 1)
        guard !found.isEmpty else {
            throw RecordErrors.searchQuery("query has no letter and no digit; say what to look for.")
        }
        guard found.count <= Self.wordsMax else {
            throw RecordErrors.searchQuery(
                "query has more than \(Self.wordsMax) words; leave out those that many records have.")
        }
        words = found
        code = MailAddress.key(text)
        let others = text.unicodeScalars.filter { $0.properties.numericType != .decimal }
        let digits = SearchText.phoneDigits(of: text)
        let isNumber = others.allSatisfy { Self.phoneMarks.contains($0) || $0.properties.isWhitespace }
        self.digits = isNumber && digits.count >= SearchTerms.endingLengths[0] ? Self.significant(digits) : nil
    }

    /// Digits from which on a number is that of a phone, and not a part of it.
    static let phoneLengthMin = 7

    /// It is a phone number as people write them: looked for as a whole.
    var isPhone: Bool { (digits?.count ?? 0) >= Self.phoneLengthMin }

    private static let phoneMarks = Set("+-/.()–".unicodeScalars)

    /// Without the zeros with which a number begins that is called from the same country or from abroad.
    static func significant(_ digits: [UInt16]) -> [UInt16] { Array(digits.drop { $0 == 0x30 }) }

    /// Each word, and two words of letters that follow each other as one: people part names differently.
    var joinedWords: [[UInt16]] {
        zip(words, words.dropFirst()).compactMap { one, next in
            one.script == .letters && next.script == .letters ? one.units + next.units : nil
        }
    }
}

/// A condition on an entry: of each group it has a term at least.
typealias SearchGroups = [[Int32]]

extension SearchGroups {
    var termCount: Int { reduce(0) { $0 + $1.count } }

    /// The same condition with the terms of another kind of records.
    mutating func join(_ others: SearchGroups) {
        self = isEmpty ? others : zip(self, others).map { $0 + $1 }
    }
}

/// What is asked of the entries for a kind of records, from the narrowest question to the widest; each gives some of the records that the one before gives.
extension SearchPattern {
    /// Those that have it as a value.
    func exact(_ shape: ReadableShape) -> SearchGroups {
        var terms: [Int32] = []
        if shape.isTitleReadable {
            terms.append(shape.shape.title.number(.whole, SearchTerms.whole(words.map(\.units))))
        }
        for field in shape.fields {
            switch field.use {
            case .code, .email: terms.append(field.term.number(.whole, code))
            case .items:
                terms.append(field.term.number(.whole, code))
                terms += ending(field.term)
            case .phone: terms += ending(field.term)
            case .words: break
            }
        }
        return [terms]
    }

    private func ending(_ term: SearchTerm) -> [Int32] {
        guard let digits, let length = SearchTerms.endingLengths.last(where: { $0 <= digits.count }) else { return [] }
        return [term.number(.ending, digits.suffix(length))]
    }

    /// Those that have all of its words.
    func whole(_ shape: ReadableShape) -> SearchGroups {
        words.flatMap { word -> SearchGroups in
            guard word.script == .letters else { return characters(word, shape) }
            return [shape.fields.flatMap { field in word.spellings.map { field.term.number(.word, $0) } }]
        }
    }

    /// Those that have words which begin like each of its words, or read like it.
    func beginning(_ shape: ReadableShape) -> SearchGroups {
        words.flatMap { word in word.script == .letters ? [beginning(word, shape)] : characters(word, shape) }
    }

    /// The same, with mistakes in names.
    func alike(_ shape: ReadableShape) -> SearchGroups {
        words.map { word in
            word.script == .letters
                ? beginning(word, shape) + alike(word.spellings, shape) : Array(characters(word, shape).joined())
        }
    }

    /// Those that have one of its words at least, or one like it.
    func some(_ shape: ReadableShape) -> SearchGroups {
        let terms = words.flatMap { word -> [Int32] in
            guard word.script == .letters else { return Array(characters(word, shape).joined()) }
            // Short words and numbers are like no others.
            return SearchTerms.mayBeAlike(word.units) ? alike(word.spellings, shape) : whole(word, shape)
        }
        return [terms + alike(joinedWords, shape)]
    }

    /// Those that have a word in their names with more mistakes than one.
    func farther(_ shape: ReadableShape) -> SearchGroups {
        let forms = words.filter { $0.script == .letters }.flatMap { $0.spellings.flatMap(SearchTerms.farther) }
        // Names that are written as one word have no letters.
        return [terms(forms, shape.fields.filter { $0.rest == nil })]
    }

    private func whole(_ word: SearchText.Word, _ shape: ReadableShape) -> [Int32] {
        shape.fields.filter(\.isTitle).flatMap { field in word.spellings.map { field.term.number(.word, $0) } }
    }

    private func characters(_ word: SearchText.Word, _ shape: ReadableShape) -> SearchGroups {
        guard word.units.count > 1 else { return [shape.fields.map { $0.term.number(.character, word.units) }] }
        return zip(word.units, word.units.dropFirst()).map { one, next in
            shape.fields.map { $0.term.number(.pair, [one, next]) }
        }
    }

    private func beginning(_ word: SearchText.Word, _ shape: ReadableShape) -> [Int32] {
        shape.fields.flatMap { field -> [Int32] in
            let lengths = field.isTitle ? SearchTerms.titleLengths : SearchTerms.otherLengths
            var terms = word.spellings.compactMap { spelling in
                longest(lengths, spelling).map { field.term.number(.beginning, $0) }
            }
            // A word that is too short for a beginning may be a whole one.
            if terms.isEmpty { terms = word.spellings.map { field.term.number(.word, $0) } }
            guard field.isTitle, word.units.allSatisfy({ (0x61...0x7a).contains($0) }) else { return terms }
            if let reading = longest(SearchTerms.readingLengths, word.units) {
                terms.append(field.term.number(.reading, reading))
            }
            if let initials = longest(SearchTerms.initialsLengths, word.units) {
                terms.append(field.term.number(.initials, initials))
            }
            return terms
        }
    }

    private func longest(_ lengths: [Int], _ word: [UInt16]) -> ArraySlice<UInt16>? {
        lengths.last { $0 <= word.count }.map { word.prefix($0) }
    }

    private func alike(_ words: [[UInt16]], _ shape: ReadableShape) -> [Int32] {
        terms(words.flatMap(SearchTerms.alike), shape.fields)
    }

    private func terms(_ forms: [[UInt16]], _ fields: [SearchedFields.Field]) -> [Int32] {
        fields.filter(\.isTitle).flatMap { field in forms.map { field.term.number(.alike, $0) } }
    }
}

/// What a caller may search in records of a type.
struct ReadableShape: Sendable {
    let call: RecordCall
    let shape: SearchShape
    let fields: [SearchedFields.Field]
    let isTitleReadable: Bool

    /// Nil for a type whose records are not found, and for a caller who may read nothing of them by which they could be.
    init?(_ call: RecordCall) {
        guard let shape = SearchShape(call.type) else { return nil }
        fields = shape.readable(call.rights)
        guard !fields.isEmpty else { return nil }
        (self.call, self.shape, isTitleReadable) = (call, shape, shape.isTitleReadable(call.rights))
    }
}
