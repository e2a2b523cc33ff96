/// In which order formulas are reckoned that use each other's results.
package enum FormulaOrder {
    /// Formulas that use each other, so that none of them has a value before the other.
    package struct Cycle: Error, Hashable {
        /// Their names, one using the next and the last the first.
        package let names: [String]
    }

    /// - Parameter uses: of each formula the names that it uses, those of fields without a formula included.
    /// - Returns: the names, each after those that it uses.
    package static func sorted(_ uses: [String: [String]]) throws(Cycle) -> [String] {
        var walk = Walk(uses: uses)
        for name in uses.keys.sorted() { try walk.visit(name) }
        return walk.sorted
    }

    private struct Walk {
        let uses: [String: [String]]
        var sorted: [String] = []
        private var done: Set<String> = []
        private var path: [String] = []

        init(uses: [String: [String]]) { self.uses = uses }

        mutating func visit(_ name: String) throws(Cycle) {
            guard let used = uses[name], !done.contains(name) else { return }
            if let start = path.firstIndex(of: name) { throw Cycle(names: Array(path[start...])) }
            path.append(name)
            for next in used { try visit(next) }
            path.removeLast()
            done.insert(name)
            sorted.append(name)
        }
    }
}

extension Formula {
    /// The words of a text that are no functions, among them the fields that it uses if it is a formula.
    package static func words(of text: String) -> [String] {
        guard let tokens = try? FormulaLexer.tokens(of: text) else { return [] }
        return zip(tokens, tokens.dropFirst()).compactMap { token, next in
            if case .word(let word) = token.kind, next.kind != .symbol("(") { word } else { nil }
        }
    }
}

extension Formula {
    /// How many patterns a text compares with, if it is a formula.
    package static func patternCount(of text: String) -> Int {
        guard let tokens = try? FormulaLexer.tokens(of: text) else { return 0 }
        return zip(tokens, tokens.dropFirst()).count { token, next in
            token.kind == .word("matches") && next.kind == .symbol("(")
        }
    }
}

extension FormulaValue {
    /// A number with so many digits after the point; any other value as it is.
    package func rounded(places: Int) -> FormulaValue {
        guard case .number(let number) = self else { return self }
        return .number(DecimalNumber.rounded(number, places: places))
    }

    /// A number of a record as formulas have them; nil for what is none.
    package static func of(_ number: Double) -> FormulaValue? { rounded(number) }
}
