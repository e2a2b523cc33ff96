/// A piece of a formula.
struct FormulaToken: Hashable {
    enum Kind: Hashable {
        /// A name of a field or function, or a key word, in small letters.
        case word(String)
        case integer(Int64)
        case number(Double)
        /// A text in quotes, without them.
        case text(String)
        /// One of ( ) , + - * / & = != < <= > >=
        case symbol(String)
        case end
    }

    let kind: Kind
    let position: Int
}

/// Cuts a formula into tokens.
struct FormulaLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    private init(_ text: String) { scalars = Array(text.unicodeScalars) }

    static func tokens(of text: String) throws(FormulaError) -> [FormulaToken] {
        var lexer = FormulaLexer(text)
        var tokens: [FormulaToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens[tokens.count - 1].kind != .end
        return tokens
    }

    private mutating func next() throws(FormulaError) -> FormulaToken {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
        let position = index + 1
        guard index < scalars.count else { return FormulaToken(kind: .end, position: position) }
        return FormulaToken(kind: try kind(at: position), position: position)
    }

    private mutating func kind(at position: Int) throws(FormulaError) -> FormulaToken.Kind {
        let scalar = scalars[index]
        if scalar == "\"" || scalar == "'" { return .text(try quoted(by: scalar)) }
        if Self.isDigit(scalar) { return try number(at: position) }
        if Self.isLetter(scalar) {
            return .word(run { Self.isLetter($0) || Self.isDigit($0) || $0 == "." }.lowercased())
        }
        let pair = scalars[index...].prefix(2).map { String($0) }.joined()
        if ["!=", "<=", ">=", "<>"].contains(pair) {
            index += 2
            return .symbol(pair == "<>" ? "!=" : pair)
        }
        guard "(),+-*/&=<>".unicodeScalars.contains(scalar) else {
            throw FormulaError(position: position, text: "\(scalar) has no meaning here; put text into quotes")
        }
        index += 1
        return .symbol(String(scalar))
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private mutating func run(while isPart: (Unicode.Scalar) -> Bool) -> String {
        var text = String.UnicodeScalarView()
        while index < scalars.count, isPart(scalars[index]) {
            text.append(scalars[index])
            index += 1
        }
        return String(text)
    }

    private mutating func number(at position: Int) throws(FormulaError) -> FormulaToken.Kind {
        var text = run(while: Self.isDigit)
        let isWhole = !(index + 1 < scalars.count && scalars[index] == "." && Self.isDigit(scalars[index + 1]))
        if !isWhole {
            index += 1
            text += "." + run(while: Self.isDigit)
        }
        if index < scalars.count, Self.isLetter(scalars[index]) {
            throw FormulaError(
                position: index + 1, text: "a name begins with a letter, and nothing is glued to a number")
        }
        if isWhole, let number = Int64(text) { return .integer(number) }
        guard !isWhole, let number = Double(text), DecimalNumber(number).digitCount <= DecimalNumber.digitsMax,
            text.utf8.count <= 20
        else {
            throw FormulaError(
                position: position,
                text: "numbers have \(DecimalNumber.digitsMax) digits at most, and whole ones are less than 2^63")
        }
        return .number(number)
    }

    private mutating func quoted(by quote: Unicode.Scalar) throws(FormulaError) -> String {
        let start = index + 1
        index += 1
        var text = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != quote {
            if scalars[index] == "\\" {
                guard index + 1 < scalars.count, [quote, "\\"].contains(scalars[index + 1]) else {
                    throw FormulaError(
                        position: index + 1, text: "a backslash stands before a quote or a backslash only")
                }
                index += 1
            }
            text.append(scalars[index])
            index += 1
        }
        guard index < scalars.count else { throw FormulaError(position: start, text: "the quote is not closed") }
        index += 1
        return String(text)
    }
}
