import Money
import Tenancy

extension FormulaFunction {
    private static func changed(_ body: @escaping @Sendable (String) -> String) -> [FormulaFunction] {
        [FormulaFunction([.text], .text) { .limited(body($0[0].text)) }]
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
            FormulaFunction(parameters, .text) { values in
                let counts = values.dropFirst().map { Int(clamping: max(0, $0.integer)) }
                return .limited(String(body(values[0].text.unicodeScalars, counts)))
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
        "contains": found { text, part in part.isEmpty || !text.ranges(of: part).isEmpty },
        "starts_with": found { $0.hasPrefix($1) }, "ends_with": found { $0.hasSuffix($1) },
        "replace": [
            FormulaFunction([.text, .text, .text], .text) { values in
                let (text, old, new) = (values[0].text, values[1].text, values[2].text)
                guard !old.isEmpty else { return .text(text) }
                let ranges = text.ranges(of: old)
                // No more is put together than is taken.
                guard ranges.count <= textLengthMax, ranges.count * new.utf8.count <= textLengthMax * 4 else {
                    return nil
                }
                var (result, rest) = ("", text.startIndex)
                for range in ranges {
                    result += text[rest..<range.lowerBound] + new
                    rest = range.upperBound
                }
                return .limited(result + text[rest...])
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

extension FormulaValue {
    /// Nil for a text that is longer than those of formulas may be, and for an empty one: a record holds none.
    static func limited(_ text: String) -> FormulaValue? {
        !text.isEmpty && text.unicodeScalars.count <= FormulaFunction.textLengthMax ? .text(text) : nil
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
