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

    /// Texts that are made for it hold a record's formulas up once, however many patterns they have.
    @Test func afterOneThatTakesTooLongNoOtherIsAsked() throws {
        let formulas = try ["(a+)+b", "a+", "(a+)+c"].map {
            try Formula("matches(code, \"\($0)\")", over: ["code": .text], giving: .flag)
        }
        let text = FormulaValue.text(String(repeating: "a", count: 1_000))
        var budget = FormulaBudget()
        let slowFirst = formulas.map { $0.value({ _ in text }, &budget) }
        #expect(slowFirst == [nil, nil, nil] && budget.hasGivenUp)
        var other = FormulaBudget()
        let slowLast = formulas.reversed().dropFirst().map { $0.value({ _ in text }, &other) }
        #expect(slowLast == [.flag(true), nil])
    }

    /// All patterns of a record together look at so many characters.
    @Test func manyPatternsOfLongTextsAreTooMuch() throws {
        let one = "matches(code, \"[^<]*\")"
        let formula = try Formula(one, over: ["code": .text], giving: .flag)
        var budget = FormulaBudget()
        let long = (0..<12).map { _ in
            formula.value({ _ in .text(String(repeating: "a", count: 1_000)) }, &budget)
        }
        #expect(long == Array(repeating: .flag(true), count: 10) + [nil, nil] && budget.hasGivenUp)
        var other = FormulaBudget()
        let short = (0..<300).map { _ in formula.value({ _ in .text("Ulm") }, &other) }
        #expect(short == Array(repeating: .flag(true), count: 300))
        #expect(Formula.patternCount(of: "\(one) or not \(one) and matches = 1") == 2)
    }

    /// What was found right before is not compiled until it is needed; what is none then tells nothing.
    @Test func aPatternIsCompiledWhenItIsNeeded() throws {
        let formula = try Formula("matches(code, \"(\")", over: ["code": .text], checksPatterns: false)
        var budget = FormulaBudget()
        let value = formula.value({ _ in .text("a") }, &budget)
        #expect(value == nil && budget.hasGivenUp)
    }

    /// Who must not be passed hears that something was not told of values that are set: not where it makes no difference, nor where there is none.
    @Test(arguments: [
        ("matches(code, \"[^<]*\")", true), ("not matches(code, \"[^<]*\")", true),
        ("matches(code, \"[^<]*\") and length(code) < 5", false),
        ("length(code) < 5 and matches(code, \"[^<]*\")", false),
        ("matches(code, \"[^<]*\") or length(code) > 5", false), ("coalesce(matches(code, \"[^<]*\"), true)", true),
        ("length(replace(code, \"a\", \"0123456789ABCDEF\")) > 5", true),
        ("contains(code & code & code & code & code & code & code & code & code & code, \"<\")", true),
        ("length(code) * 9223372036854775807 > 5", true), ("length(code) / 0 > 5", false), ("is_set(code)", false),
        ("is_set(money(length(code) * 9999999999.5 * 9999999999.5, \"EUR\"))", true),
        ("is_set(money(length(code), left(code, 3)))", false),
        ("is_set(money(1, \"EUR\") + money(1, \"USD\"))", false), ("is_set(mod(length(code), 0))", false),
        ("is_set(date(2026, 1, 1) + length(code) * 0)", false), ("is_set(round(length(code) * 1.5, 99))", true),
        ("is_set(round(length(code) * 9999999999.5 * 9999999999.5))", true),
        ("length(code) in (length(code) * 9223372036854775807, 1001)", false),
        ("is_set(date(code))", false), ("is_set(mid(code, 2000, 9))", false),
        ("is_set(date(2026, 1, 1) + length(code) * 1000000)", true),
    ]) func whatIsNotToldOfValuesThatAreSetIsSaid(_ formula: String, _ isSaid: Bool) throws {
        let formula = try Formula(formula, over: ["code": .text], giving: .flag)
        var budget = FormulaBudget()
        _ = formula.value({ _ in .text(String(repeating: "a", count: 1_001)) }, &budget)
        #expect(budget.hasGivenUp == isSaid && !budget.isSpent)
        var other = FormulaBudget()
        _ = formula.value({ _ in nil }, &other)
        #expect(!other.hasGivenUp)
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
