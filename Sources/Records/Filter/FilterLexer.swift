/// A piece of a filter's text form.
struct FilterToken: Hashable {
    enum Kind: Hashable {
        /// A name, number, date, id or key word.
        case word(String)
        /// A text in quotes, without them.
        case text(String)
        /// One of ( ) , = != < <= > >= ~ ^=
        case symbol(String)
        case end
    }

    let kind: Kind
    /// Position of its first character in the text, from 1.
    let position: Int
}

/// Why a text is no filter. `position` counts characters (Unicode scalars) from 1.
package struct FilterSyntaxError: Error, Hashable {
    package let message: String
    package let position: Int
}

/// Cuts the text form of a filter into tokens.
struct FilterLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    static func tokens(of text: String) throws(FilterSyntaxError) -> [FilterToken] {
        var lexer = FilterLexer(text)
        var tokens: [FilterToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens[tokens.count - 1].kind != .end
        return tokens
    }

    private mutating func next() throws(FilterSyntaxError) -> FilterToken {
        while index < scalars.count, scalars[index].properties.isWhitespace { index += 1 }
        let position = index + 1
        guard index < scalars.count else { return FilterToken(kind: .end, position: position) }
        let scalar = scalars[index]
        if scalar == "\"" || scalar == "'" {
            return FilterToken(kind: .text(try quoted(by: scalar)), position: position)
        }
        if let symbol = symbol() { return FilterToken(kind: .symbol(symbol), position: position) }
        guard FilterLexer.isWordPart(scalar) else {
            throw FilterSyntaxError(
                message: "\(scalar) has no meaning here; put text into quotes", position: position)
        }
        let start = index
        while index < scalars.count, FilterLexer.isWordPart(scalars[index]) { index += 1 }
        var word = String.UnicodeScalarView()
        word.append(contentsOf: scalars[start..<index])
        return FilterToken(kind: .word(String(word)), position: position)
    }

    private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_.+-:".unicodeScalars.contains(scalar)
    }

    private mutating func symbol() -> String? {
        let pair = scalars[index...].prefix(2).map { String($0) }.joined()
        if ["!=", "<=", ">=", "^="].contains(pair) {
            index += 2
            return pair
        }
        guard "(),=<>~".unicodeScalars.contains(scalars[index]) else { return nil }
        index += 1
        return String(scalars[index - 1])
    }

    private mutating func quoted(by quote: Unicode.Scalar) throws(FilterSyntaxError) -> String {
        let start = index + 1
        index += 1
        var text = String.UnicodeScalarView()
        while index < scalars.count, scalars[index] != quote {
            if scalars[index] == "\\" {
                text.append(try escaped())
            } else {
                text.append(scalars[index])
                index += 1
            }
        }
        guard index < scalars.count else {
            throw FilterSyntaxError(message: "the quote is not closed", position: start)
        }
        index += 1
        return String(text)
    }

    /// Reads \\, \", \', \n, \t or \uXXXX.
    private mutating func escaped() throws(FilterSyntaxError) -> Unicode.Scalar {
        let position = index + 1
        guard index + 1 < scalars.count else {
            throw FilterSyntaxError(message: "nothing follows the backslash", position: position)
        }
        let mark = scalars[index + 1]
        index += 2
        switch mark {
        case "\\", "\"", "'": return mark
        case "n": return "\n"
        case "t": return "\t"
        case "u":
            let digits = scalars[index...].prefix(4).map { String($0) }.joined()
            guard digits.utf8.count == 4, let code = UInt32(digits, radix: 16), code > 0,
                let scalar = Unicode.Scalar(code)
            else {
                throw FilterSyntaxError(
                    message: "\\u needs four hexadecimal digits of a character", position: position)
            }
            index += 4
            return scalar
        default:
            throw FilterSyntaxError(
                message: "\\\(mark) is no escape; use \\\\, \\\", \\', \\n, \\t or \\uXXXX",
                position: position)
        }
    }
}
