/// Reads the text form of a filter.
///
///     filter     = conjunction { "or" conjunction }
///     conjunction = term { "and" term }
///     term       = "not" term | "(" filter ")" | comparison
///     comparison = field ( "=" | "!=" | "<" | "<=" | ">" | ">=" | "~" | "^=" ) value
///                | field [ "not" ] "in" "(" value { "," value } ")"
///                | field "is" [ "not" ] "set"
///     field      = name { "." name }                       as in display_name, amount.minor_units, stage.display_name
///     value      = text in " or ' | word                   as in "Müller & Co", 北京, 42, true, 2026-01-31, OPEN,
///                                                       "12.50 EUR", me (whoever asks, where a field names users)
///
/// `~` means contains, `^=` begins with, both upper and lower case alike. Key words may be written in either case. In
/// quotes, \\ \" \' \n \t \uXXXX stand for characters. A text in quotes is never a key word.
package struct FilterParser {
    private let tokens: [FilterToken]
    private var index = 0
    private var depth = 0
    private var comparisons = 0

    private init(_ tokens: [FilterToken]) {
        self.tokens = tokens
    }

    package static func parse(_ text: String) throws(FilterSyntaxError) -> FilterNode {
        guard text.utf8.count <= FilterLimits.expressionBytesMax else {
            throw FilterSyntaxError(
                message:
                    "the filter has \(text.utf8.count) bytes; at most \(FilterLimits.expressionBytesMax) are allowed",
                position: 1)
        }
        var parser = FilterParser(try FilterLexer.tokens(of: text))
        let filter = try parser.disjunction()
        guard parser.current.kind == .end else { throw parser.unexpectedAfterValue("and, or, or the end") }
        return filter
    }

    private var current: FilterToken { tokens[index] }

    private mutating func disjunction() throws(FilterSyntaxError) -> FilterNode {
        var parts = [try conjunction()]
        while skip(keyword: "or") { parts.append(try conjunction()) }
        return parts.count == 1 ? parts[0] : .any(parts)
    }

    private mutating func conjunction() throws(FilterSyntaxError) -> FilterNode {
        var parts = [try term()]
        while skip(keyword: "and") { parts.append(try term()) }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func term() throws(FilterSyntaxError) -> FilterNode {
        let start = current
        if skip(keyword: "not") {
            try enter(start)
            defer { depth -= 1 }
            return .not(try term())
        }
        if skip(symbol: "(") {
            try enter(start)
            defer { depth -= 1 }
            let filter = try disjunction()
            guard skip(symbol: ")") else { throw unexpectedAfterValue(")") }
            return filter
        }
        return try comparison()
    }

    private mutating func enter(_ token: FilterToken) throws(FilterSyntaxError) {
        depth += 1
        guard depth > FilterLimits.depthMax else { return }
        throw FilterSyntaxError(
            message: "the filter is more than \(FilterLimits.depthMax) levels deep", position: token.position)
    }

    private mutating func comparison() throws(FilterSyntaxError) -> FilterNode {
        let start = current
        guard case .word(let path) = start.kind else { throw unexpected("a field name") }
        index += 1
        comparisons += 1
        if comparisons > FilterLimits.comparisonCountMax {
            throw FilterSyntaxError(
                message: "the filter has more than \(FilterLimits.comparisonCountMax) comparisons",
                position: start.position)
        }
        func node(_ comparator: Comparator, _ values: [FilterLiteral]) -> FilterNode {
            .compare(
                FilterComparison(
                    path: path, comparator: comparator, values: values, place: "position \(start.position)"))
        }
        if skip(keyword: "is") {
            let isNegated = skip(keyword: "not")
            guard skip(keyword: "set") else { throw unexpected("set") }
            return isNegated ? .not(node(.isSet, [])) : node(.isSet, [])
        }
        if skip(keyword: "in") { return node(.in, try list()) }
        if skip(keyword: "not") {
            guard skip(keyword: "in") else { throw unexpected("in") }
            return .not(node(.in, try list()))
        }
        guard case .symbol(let symbol) = current.kind, let comparator = FilterParser.comparators[symbol]
        else {
            throw unexpected("one of = != < <= > >= ~ ^= in, is set")
        }
        index += 1
        return node(comparator, [try value()])
    }

    private mutating func list() throws(FilterSyntaxError) -> [FilterLiteral] {
        guard skip(symbol: "(") else { throw unexpected("(") }
        var values = [try value()]
        while skip(symbol: ",") { values.append(try value()) }
        guard skip(symbol: ")") else { throw unexpectedAfterValue(", or )") }
        return values
    }

    private mutating func value() throws(FilterSyntaxError) -> FilterLiteral {
        switch current.kind {
        case .text(let text):
            index += 1
            return .text(text)
        case .word(let word):
            index += 1
            return .word(word)
        case .symbol, .end: throw unexpected("a value")
        }
    }

    private mutating func skip(keyword: String) -> Bool {
        guard case .word(let word) = current.kind, word.lowercased() == keyword else { return false }
        index += 1
        return true
    }

    private mutating func skip(symbol: String) -> Bool {
        guard current.kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    /// Where a value may just have ended: 5 EUR and New York are values of two words.
    private func unexpectedAfterValue(_ expected: String) -> FilterSyntaxError {
        guard index > 0, case .word = tokens[index - 1].kind, case .word = current.kind else {
            return unexpected(expected)
        }
        return unexpected("\(expected) (a value of several words stands in quotes)")
    }

    private func unexpected(_ expected: String) -> FilterSyntaxError {
        let found =
            switch current.kind {
            case .word(let word): word
            case .text(let text): "\"\(text)\""
            case .symbol(let symbol): symbol
            case .end: "the end"
            }
        return FilterSyntaxError(message: "expected \(expected), found \(found)", position: current.position)
    }

    private static let comparators: [String: Comparator] = [
        "=": .equal, "!=": .notEqual, "<": .less, "<=": .lessOrEqual, ">": .greater, ">=": .greaterOrEqual,
        "~": .contains, "^=": .startsWith,
    ]
}
