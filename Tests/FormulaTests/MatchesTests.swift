import Testing

@testable import Formulas

/// Regular expressions in formulas.
@Suite struct MatchesTests {
    private static func value(_ formula: String, _ text: String?) throws -> FormulaValue? {
        let formula = try Formula(formula, over: ["code": .text], giving: .flag)
        var budget = FormulaBudget()
        return formula.value({ _ in text.map { .text($0) } }, &budget)
    }

    @Test func aPatternFitsTheWholeText() throws {
        let formula = "matches(code, \"[A-Z]{2}-[0-9]+\")"
        let cases: [(String?, FormulaValue?)] = [
            ("AB-12", .flag(true)), ("xAB-12", .flag(false)), ("AB-", .flag(false)), ("", .flag(false)), (nil, nil),
            (String(repeating: "A", count: 1_001), nil),
        ]
        for (text, wanted) in cases {
            let found = try Self.value(formula, text)
            #expect(found == wanted, "\(text ?? "unset")")
        }
        let chinese = try Self.value("matches(code, '\\\\p{Han}+')", "银行")
        let negated = try Self.value("not matches(code, '\\\\p{Han}+')", "bank")
        #expect([chinese, negated] == [.flag(true), .flag(true)])
    }

    /// A pattern that would go back without end is unset, and takes no longer than a pattern of a field.
    @Test func whatTakesTooLongIsUnset() throws {
        let slow = try Self.value("matches(code, \"(a+)+b\")", String(repeating: "a", count: 1_000))
        #expect(slow == nil)
    }

    @Test(arguments: [
        ("matches(code, \"(\")", 15), ("matches(code, code)", 15), ("matches(1, \"a\")", 9), ("matches(code)", 1),
    ]) func whatIsNoPatternIsRefusedWithItsPlace(_ formula: String, _ position: Int) {
        let error = #expect(throws: FormulaError.self) {
            _ = try Formula(formula, over: ["code": .text], giving: .flag)
        }
        #expect(error?.position == position)
    }

    @Test func aBudgetTellsThatItIsSpent() throws {
        let formula = try Formula("contains(code, \"x\")", over: ["code": .text], giving: .flag)
        var budget = FormulaBudget(bytes: 10)
        let first = formula.value({ _ in .text("12345678") }, &budget)
        let isSpent = budget.isSpent
        let second = formula.value({ _ in .text("12345678") }, &budget)
        #expect(first == .flag(false) && !isSpent && second == nil && budget.isSpent)
    }
}
