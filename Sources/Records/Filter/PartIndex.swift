import Postgres

/// The index by which filters find the records of a type that have a text within a field (`~`), or at its beginning (`^=`): the groups of three letters
/// of all fields that are declared `foundByPart`, as pg_trgm makes them.
///
/// PostgreSQL takes it where few records have the text, and reads on in the order of a list where many have it. A text of one or two letters has no group
/// of three, so it is looked for as if there were no index; characters of Chinese, Japanese and Korean are in the index one by one (`Ideographs`).
///
/// It has deleted records, too: PostgreSQL keeps no statistics for the expressions of an index of some rows only, by which it tells few from many.
package struct PartIndex: Sendable {
    package let name: String
    /// SQL of what stands behind the name of the table.
    package let definition: String
    /// SQL of the array of the characters that are words, in all of its texts.
    let ideographs: String?

    /// What an index holds of a field.
    struct Part: Sendable {
        /// SQL of the list of messages that holds the texts; nil for a text in a column of its own.
        let json: String?
        /// SQL of the array of the characters that are words; nil for a field that is not looked into for them.
        let ideographs: String?
    }

    /// A condition that the index answers: an expression, and what it has to fulfil.
    enum Trace {
        /// A pattern of ILIKE.
        case like(String, String)
        /// Elements of the array.
        case having(String, [String])
    }

    /// Nil where no field is found by a part.
    init?(_ table: String, _ fields: [RecordField]) {
        let found = fields.filter(\.rules.isFoundByPart)
        guard !found.isEmpty else { return nil }
        let texts = found.filter { $0.rules.format == nil }.map { "coalesce(\(Self.text(of: $0)), '')" }
        name = "\(table)_parts_idx"
        ideographs = texts.isEmpty ? nil : Ideographs.expression(of: texts.joined(separator: " || ' ' || "))
        let keys =
            found.map { "(\(Self.text(of: $0))) \(TrigramExtension.operatorClass)" }
            + (ideographs.map { ["(\($0))"] } ?? [])
        definition =
            "USING gin (\(keys.joined(separator: ", "))) "
            + "WITH (fastupdate = on, gin_pending_list_limit = \(Self.pendingKilobytesMax))"
    }

    /// What was written lately is read one by one by whoever looks for something, so it is little.
    private static let pendingKilobytesMax = 512

    /// Nil for a field that it does not hold.
    func part(_ field: RecordField) -> Part? {
        guard field.rules.isFoundByPart else { return nil }
        let json: String? = if case .json = field.kind { Self.text(of: field) } else { nil }
        return Part(json: json, ideographs: field.rules.format == nil ? ideographs : nil)
    }

    /// Whether a text has a group of three letters wherever it stands: in a word of three, or at the end of a word that it shows.
    static func knows(_ text: String, isBeginning: Bool) -> Bool {
        let scalars = text.unicodeScalars
        let words = scalars.split { !$0.properties.isAlphabetic && $0.properties.numericType == nil }
        return words.contains { word in
            word.count >= 3 || isBeginning || word.startIndex > scalars.startIndex
                || word.endIndex < scalars.endIndex && word.count > 1
        }
    }

    private static func text(of field: RecordField) -> String {
        if case .json = field.kind { "\(field.column)::text" } else { field.column }
    }
}

extension PartIndex.Part {
    /// What whatever has the text has as well, in the form in which the index knows it.
    func traces(of text: String) -> [PartIndex.Trace] {
        var traces: [PartIndex.Trace] = []
        if let json, let pattern = Self.jsonPattern(text) { traces.append(.like(json, pattern)) }
        if let ideographs, let characters = Ideographs.few(in: text) { traces.append(.having(ideographs, characters)) }
        return traces
    }

    /// The text in JSON: what PostgreSQL writes otherwise there parts it. Nil for one that the index knows nothing of.
    private static func jsonPattern(_ text: String) -> String? {
        let pieces = text.unicodeScalars.split { $0 == "\"" || $0 == "\\" || $0.value < 0x20 }
        guard pieces.contains(where: { PartIndex.knows(String($0), isBeginning: false) }) else { return nil }
        return "%" + pieces.map { LikePattern.escaped($0) }.joined(separator: "%") + "%"
    }
}

/// Characters of Chinese, Japanese and Korean: one or two of them are a word, too few for groups of three letters.
enum Ideographs {
    private static let ranges: [ClosedRange<UInt32>] = [
        0x3005...0x9fff, 0xac00...0xd7a3, 0xf900...0xfaff, 0x20000...0x3ffff,
    ]

    private static let sqlClass = ranges.map { range in
        [range.lowerBound, range.upperBound].map { bound in
            let digits = String(bound, radix: 16)
            return bound > 0xffff
                ? "\\U" + String(repeating: "0", count: 8 - digits.count) + digits : "\\u\(digits)"
        }.joined(separator: "-")
    }.joined()

    /// SQL of the array of those in a text. It depends on nothing but the text.
    static func expression(of text: String) -> String {
        "string_to_array(regexp_replace(\(text), '[^\(sqlClass)]+', '', 'g'), NULL)"
    }

    /// Those in a text, each once; nil where groups of three letters tell as much: of one without any, or with three in a row.
    static func few(in text: String) -> [String]? {
        let runs = text.unicodeScalars.split { !isOne($0) }
        guard !runs.isEmpty, runs.allSatisfy({ $0.count < 3 }) else { return nil }
        return Set(runs.joined().map { String($0) }).sorted()
    }

    fileprivate static func isOne(_ scalar: Unicode.Scalar) -> Bool { ranges.contains { $0.contains(scalar.value) } }
}

/// Patterns of LIKE in which the signs that it gives a meaning stand for themselves.
enum LikePattern {
    /// False for a text of characters that are nothing but themselves in every case: Chinese, Japanese, Korean, and what ASCII has beside letters.
    static func hasCase(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            scalar.isASCII ? scalar.properties.isAlphabetic : !Ideographs.isOne(scalar)
        }
    }

    static func escaped(_ text: some Sequence<Unicode.Scalar>) -> String {
        var pattern = String.UnicodeScalarView()
        for scalar in text {
            if "\\%_".unicodeScalars.contains(scalar) { pattern.append("\\") }
            pattern.append(scalar)
        }
        return String(pattern)
    }
}
