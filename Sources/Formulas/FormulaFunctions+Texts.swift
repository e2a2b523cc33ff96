import Money
import Tenancy

extension FormulaFunction {
    private static func changed(_ body: @escaping @Sendable (String) -> String) -> [FormulaFunction] {
        [FormulaFunction([.text], .text) { values throws(FormulaUntold) in try .limited(body(values[0].text)) }]
    }

    private static func found(_ body: @escaping @Sendable (String, String) -> Bool) -> [FormulaFunction] {
        [FormulaFunction([.text, .text], .flag) { .flag(body($0[0].text, $0[1].text)) }]
    }

    /// A part of the characters of a text.
    private static func part(
        _ parameters: [FormulaType],
        _ body: @escaping @Sendable (String.UnicodeScalarView, [Int]) -> Substring.UnicodeScalarView
    ) -> [FormulaFunction] {
        [
            FormulaFunction(parameters, .text) { values throws(FormulaUntold) in
                let counts = values.dropFirst().map { Int(clamping: max(0, $0.integer)) }
                return try .limited(String(body(values[0].text.unicodeScalars, counts)))
            }
        ]
    }

    static let texts: [String: [FormulaFunction]] = [
        "upper": changed { $0.uppercased() }, "lower": changed { $0.lowercased() },
        "trim": changed { text in
            let isBlank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
            let scalars = text.unicodeScalars.drop(while: isBlank)
            return scalars.lastIndex { !isBlank($0) }.map { String(scalars[...$0]) } ?? ""
        },
        "length": [FormulaFunction([.text], .integer) { .integer(Int64($0[0].text.unicodeScalars.count)) }],
        "left": part([.text, .integer]) { $0.prefix($1[0]) },
        "right": part([.text, .integer]) { $0.suffix($1[0]) },
        "mid": part([.text, .integer, .integer]) { $0.dropFirst(max(0, $1[0] - 1)).prefix($1[1]) },
        "contains": found { !TextSearch(for: $1).places(in: $0, atMost: 1).isEmpty },
        "starts_with": found { $0.utf8.starts(with: $1.utf8) },
        "ends_with": found { $0.utf8.suffix($1.utf8.count).elementsEqual($1.utf8) },
        "replace": [
            FormulaFunction([.text, .text, .text], .text) { values throws(FormulaUntold) in
                let (text, old, new) = (values[0].text, values[1].text, values[2].text)
                guard !old.isEmpty else { return .text(text) }
                let places = TextSearch(for: old).places(in: text, atMost: textLengthMax)
                // No more is put together than is taken.
                guard places.count * new.utf8.count <= textLengthMax * 4 else { throw FormulaUntold() }
                let (bytes, added) = (Array(text.utf8), Array(new.utf8))
                var (result, rest): ([UInt8], Int) = ([], 0)
                for place in places {
                    result += bytes[rest..<place] + added
                    rest = place + old.utf8.count
                }
                return try .limited(String(decoding: result + bytes[rest...], as: UTF8.self))
            }
        ],
        "includes": [
            FormulaFunction([.texts, .text], .flag) { values in
                guard case .texts(let texts) = values[0] else { return nil }
                return .flag(texts.contains(values[1].text))
            }
        ],
        "count": [
            FormulaFunction([.texts], .integer) { values in
                guard case .texts(let texts) = values[0] else { return nil }
                return .integer(Int64(texts.count))
            }
        ],
    ]
}

/// Looks for a text in others, scalar by scalar, in as many steps as both have bytes (Knuth, Morris, Pratt).
struct TextSearch {
    private let part: [UInt8]
    /// Of each beginning of the part, how much of its end is a shorter beginning.
    private let returns: [Int]

    init(for text: String) {
        let part = Array(text.utf8)
        var returns = [0]
        for index in part.indices.dropFirst() {
            var known = returns[index - 1]
            while known > 0, part[known] != part[index] { known = returns[known - 1] }
            returns.append(part[known] == part[index] ? known + 1 : 0)
        }
        (self.part, self.returns) = (part, returns)
    }

    /// Where the part begins, in bytes, none within another; at the beginning when it is empty.
    func places(in text: String, atMost count: Int) -> [Int] {
        guard !part.isEmpty else { return [0] }
        var (places, known): ([Int], Int) = ([], 0)
        for (index, byte) in text.utf8.enumerated() {
            while known > 0, part[known] != byte { known = returns[known - 1] }
            if part[known] == byte { known += 1 }
            guard known == part.count else { continue }
            places.append(index + 1 - known)
            if places.count == count { break }
            known = 0
        }
        return places
    }
}

extension FormulaValue {
    /// Bytes of its texts.
    var textBytes: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .texts(let texts): texts.reduce(0) { $0 + $1.utf8.count }
        default: 0
        }
    }

    /// Nil for an empty text: a record holds none.
    ///
    /// - Throws: for one that is longer than those of formulas may be.
    static func limited(_ text: String) throws(FormulaUntold) -> FormulaValue? {
        guard !text.isEmpty else { return nil }
        guard text.unicodeScalars.count <= FormulaFunction.textLengthMax else { throw FormulaUntold() }
        return .text(text)
    }

    /// The value as text: numbers with a point, days and moments as in ISO 8601, lists with commas.
    var asText: String {
        switch self {
        case .text(let text): text
        case .texts(let texts): texts.joined(separator: ", ")
        case .integer(let number): "\(number)"
        case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
        case .flag(let flag): flag ? "true" : "false"
        case .date(let day): day.text
        case .time(let time): time.text
        case .money(let units, let currency): MoneyText.text(minorUnits: units, currency: currency)
        }
    }
}
