/// What a formula says, before anybody knows what its fields are.
struct FormulaNode {
    indirect enum Kind {
        case constant(FormulaValue)
        case field(String)
        /// A function or operator.
        case call(String, [FormulaNode])
    }

    let kind: Kind
    let position: Int
}

/// Reads a formula by the strength with which its operators bind.
struct FormulaParser {
    private let tokens: [FormulaToken]
    private var index = 0
    private var depth = 0
    private(set) var size = 0

    /// Parts within parts.
    static let depthMax = 40

    static func node(of text: String) throws(FormulaError) -> (node: FormulaNode, size: Int) {
        var parser = FormulaParser(tokens: try FormulaLexer.tokens(of: text))
        if parser.token.kind == .end { throw FormulaError(position: 1, text: "a formula says something") }
        let node = try parser.expression(above: 0)
        guard parser.token.kind == .end else {
            throw FormulaError(position: parser.token.position, text: "an operator is missing before this")
        }
        return (node, parser.size)
    }

    private init(tokens: [FormulaToken]) { self.tokens = tokens }

    private var token: FormulaToken { tokens[index] }

    private mutating func take() -> FormulaToken {
        defer { if index < tokens.count - 1 { index += 1 } }
        return tokens[index]
    }

    private mutating func skip(_ symbol: String) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String, _ text: String) throws(FormulaError) {
        guard skip(symbol) else { throw FormulaError(position: token.position, text: text) }
    }

    private mutating func node(_ kind: FormulaNode.Kind, at position: Int) -> FormulaNode {
        size += 1
        return FormulaNode(kind: kind, position: position)
    }

    /// How strongly operators hold what stands on both sides of them.
    private static let strengths = [
        "or": 1, "and": 2, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "in": 4, "&": 5, "+": 6, "-": 6, "*": 7,
        "/": 7,
    ]
    private static let (notStrength, signStrength, comparisonStrength) = (3, 8, 4)

    private var operation: String? {
        switch token.kind {
        case .symbol(let name), .word(let name): Self.strengths[name] == nil ? nil : name
        default: nil
        }
    }

    private mutating func expression(above strength: Int) throws(FormulaError) -> FormulaNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.depthMax else {
            throw FormulaError(
                position: token.position,
                text: "more than \(Self.depthMax) parts stand within each other; use a second field")
        }
        var left = try operand()
        var compared: Int?
        while let name = operation, let own = Self.strengths[name], own > strength {
            let position = take().position
            if own == Self.comparisonStrength {
                if compared != nil {
                    throw FormulaError(position: position, text: "two comparisons are joined by \"and\" or \"or\"")
                }
                compared = own
            }
            if name == "in" {
                left = try membership(of: left, at: position)
            } else {
                let right = try expression(above: own)
                left = node(.call(name, [left, right]), at: position)
            }
        }
        return left
    }

    /// `x in ("a", "b")` is `x = "a" or x = "b"`, with x looked at once.
    private mutating func membership(of left: FormulaNode, at position: Int) throws(FormulaError) -> FormulaNode {
        try expect("(", "\"in\" is followed by values in brackets, as in (\"A\", \"B\")")
        let values = try arguments()
        guard !values.isEmpty else {
            throw FormulaError(position: position, text: "\"in\" is followed by one value at least")
        }
        size += values.count
        return node(.call("in", [left] + values), at: position)
    }

    private mutating func operand() throws(FormulaError) -> FormulaNode {
        let token = take()
        switch token.kind {
        case .integer(let number): return node(.constant(.integer(number)), at: token.position)
        case .number(let number): return node(.constant(.number(number)), at: token.position)
        case .text(let text): return node(.constant(.text(text)), at: token.position)
        case .symbol("("):
            let inner = try expression(above: 0)
            try expect(")", "a bracket is not closed before this")
            return inner
        case .symbol("-"):
            let inner = try expression(above: Self.signStrength)
            return node(.call("negative", [inner]), at: token.position)
        case .word("not"):
            let inner = try expression(above: Self.notStrength)
            return node(.call("not", [inner]), at: token.position)
        case .word("true"): return node(.constant(.flag(true)), at: token.position)
        case .word("false"): return node(.constant(.flag(false)), at: token.position)
        case .word(let name) where Self.strengths[name] == nil:
            guard skip("(") else { return node(.field(name), at: token.position) }
            let arguments = try arguments()
            return node(.call(name, arguments), at: token.position)
        default:
            throw FormulaError(position: token.position, text: "a field, a value or a function is missing here")
        }
    }

    /// What stands between brackets, of which the first was read.
    private mutating func arguments() throws(FormulaError) -> [FormulaNode] {
        if skip(")") { return [] }
        var arguments: [FormulaNode] = []
        repeat { arguments.append(try expression(above: 0)) } while skip(",")
        try expect(")", "a comma or the bracket that ends the list is missing before this")
        return arguments
    }
}
