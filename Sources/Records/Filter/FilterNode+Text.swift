import Tenancy

extension FilterNode {
    /// As the text form would be.
    var text: String { text(of: \.text) }

    /// The same with … for each value or list of values.
    var textWithoutValues: String { text { _ in "…" } }

    private func text(of value: (FilterLiteral) -> String) -> String {
        switch self {
        case .all(let nodes): nodes.map { $0.operand(value) }.joined(separator: " and ")
        case .any(let nodes): nodes.map { $0.operand(value) }.joined(separator: " or ")
        case .not(let node): "not \(node.operand(value))"
        case .compare(let comparison): comparison.text(of: value)
        }
    }

    private func operand(_ value: (FilterLiteral) -> String) -> String {
        switch self {
        case .all, .any: "(\(text(of: value)))"
        case .not, .compare: text(of: value)
        }
    }
}

extension FilterComparison {
    fileprivate func text(of value: (FilterLiteral) -> String) -> String {
        switch comparator {
        case .isSet: return "\(path) is set"
        case .in:
            var texts = values.map(value)
            if Set(texts) == ["…"] { texts = ["…"] }
            return "\(path) in (\(texts.joined(separator: ", ")))"
        default: return "\(path) \(comparator.symbol) \(values.first.map(value) ?? "…")"
        }
    }
}

extension FilterLiteral {
    fileprivate var text: String {
        switch self {
        case .text(let text): "\"\(Self.escaped(text))\""
        case .word(let word): word
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .time(let time): time.text
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            .replacing("\t", with: "\\t")
    }
}
