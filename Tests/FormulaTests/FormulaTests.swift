import Formulas
import Tenancy
import Testing

@Suite struct FormulaTests {
    private static let fields: [String: FormulaType] = [
        "display_name": .text, "subject": .text, "amount": .money, "custom.size": .integer, "custom.rate": .number,
        "custom.signed_on": .date, "custom.paid": .flag, "custom.called_at": .time, "custom.colours": .texts,
    ]

    private static let record: [String: FormulaValue] = [
        "display_name": .text("Müller 有限公司"), "amount": .money(minorUnits: 12_345, currency: "EUR"),
        "custom.size": .integer(7), "custom.rate": .number(0.1), "custom.signed_on": .date(day("2024-01-31")),
        "custom.paid": .flag(true), "custom.called_at": .time(moment("2026-12-31T23:30:00Z")),
        "custom.colours": .texts(["red", "蓝"]),
    ]

    private static func day(_ text: String) -> CalendarDay {
        guard let day = CalendarDay(text) else { preconditionFailure(text) }
        return day
    }

    private static func moment(_ text: String) -> Timestamp {
        guard let time = Timestamp(text) else { preconditionFailure(text) }
        return time
    }

    private static func value(_ text: String) throws -> FormulaValue? {
        let formula = try Formula(text, over: fields)
        return formula.value { record[formula.names[$0]] }
    }

    /// A formula, and what it is worth with `record`.
    struct Case: Sendable {
        let text: String
        let value: FormulaValue

        init(_ text: String, _ value: FormulaValue) { (self.text, self.value) = (text, value) }
    }

    private static let cases: [Case] = [
        Case("1 + 2 * 3", .integer(7)),
        Case("(1 + 2) * 3", .integer(9)),
        Case("10 - 2 - 3", .integer(5)),
        Case("7 / 2", .number(3.5)),
        Case("-2 * -3", .integer(6)),
        Case("0.1 + 0.2", .number(0.3)),
        Case("0.1 + 0.2 = 0.3", .flag(true)),
        Case("round(1.005, 2)", .number(1.01)),
        Case("round(-2.5)", .integer(-3)),
        Case("floor(-2.5)", .integer(-3)),
        Case("ceil(2.1)", .integer(3)),
        Case("mod(-7, 3)", .integer(2)),
        Case("mod(7, -3)", .integer(-2)),
        Case("min(3, 1, 2)", .integer(1)),
        Case("max(1, 2.5)", .number(2.5)),
        Case("abs(-4)", .integer(4)),
        Case("custom.size * custom.rate", .number(0.7)),
        Case("custom.size", .integer(7)),
        Case("amount * 2", .money(minorUnits: 24_690, currency: "EUR")),
        Case("amount * custom.rate", .money(minorUnits: 1_235, currency: "EUR")),
        Case("amount / 1000000", .money(minorUnits: 0, currency: "EUR")),
        Case("amount / amount", .number(1)),
        Case("amount > money(100, \"EUR\")", .flag(true)),
        Case("amount(amount)", .number(123.45)),
        Case("currency(amount)", .text("EUR")),
        Case("money(1.005, \"EUR\")", .money(minorUnits: 101, currency: "EUR")),
        Case("money(1234, \"JPY\")", .money(minorUnits: 1_234, currency: "JPY")),
        Case("custom.signed_on + 30", .date(day("2024-03-01"))),
        Case("add_months(custom.signed_on, 1)", .date(day("2024-02-29"))),
        Case("add_months(custom.signed_on, -11)", .date(day("2023-02-28"))),
        Case("custom.signed_on - date(\"2023-12-31\")", .integer(31)),
        Case("year(custom.signed_on)", .integer(2024)),
        Case("weekday(date(2026, 12, 2))", .integer(3)),
        Case("date(custom.called_at)", .date(day("2026-12-31"))),
        Case("date(custom.called_at, \"Asia/Shanghai\")", .date(day("2027-01-01"))),
        Case("custom.called_at + 0.5", .time(moment("2027-01-01T11:30:00Z"))),
        Case("custom.called_at - time(\"2026-12-31T11:30:00Z\")", .number(0.5)),
        Case("if(custom.paid, \"yes\", \"no\")", .text("yes")),
        Case("IF(subject = \"x\", 1, 2)", .integer(2)),
        Case("coalesce(subject, display_name)", .text("Müller 有限公司")),
        Case("is_set(subject)", .flag(false)),
        Case("subject & display_name & 1", .text("Müller 有限公司1")),
        Case("length(display_name)", .integer(11)),
        Case("left(display_name, 3)", .text("Mül")),
        Case("right(display_name, 2)", .text("公司")),
        Case("mid(display_name, 8, 2)", .text("有限")),
        Case("upper(left(display_name, 2))", .text("MÜ")),
        Case("contains(display_name, \"限\")", .flag(true)),
        Case("starts_with(display_name, \"M\")", .flag(true)),
        Case("replace(display_name, \"ü\", \"ue\")", .text("Mueller 有限公司")),
        Case("trim(\"  a \")", .text("a")),
        Case("text(amount)", .text("123.45 EUR")),
        Case("text(0.5) & text(true)", .text("0.5true")),
        Case("includes(custom.colours, \"蓝\")", .flag(true)),
        Case("count(custom.colours)", .integer(2)),
        Case("display_name in (\"A\", \"Müller 有限公司\")", .flag(true)),
        Case("not custom.paid or custom.size = 7", .flag(true)),
        Case("\"a\\\"b\" & 'c'", .text("a\"bc")),
    ]

    @Test(arguments: cases)
    func values(_ one: Case) throws {
        let value = try Self.value(one.text)
        #expect(value == one.value, "\(one.text)")
    }

    private static func worth(_ text: String) -> FormulaValue? {
        do { return try value(text) } catch { return .text("\(error)") }
    }

    /// What is unset makes unset, but where it says otherwise.
    @Test(arguments: [
        "subject", "length(subject)", "subject = \"x\"", "not (subject = \"x\")", "custom.size / (custom.size - 7)",
        "amount + money(1, \"USD\")", "amount < money(1, \"USD\")", "custom.size * 9223372036854775807",
        "custom.signed_on + 3999999", "add_months(custom.signed_on, 119000)", "date(custom.size, 13, 1)",
        "if(subject = \"x\", 1)", "custom.paid and subject = \"x\"", "not custom.paid or subject = \"x\"",
        "custom.rate / (custom.rate - custom.rate)", "mod(custom.size, custom.size - 7)",
    ])
    func unset(_ text: String) throws {
        #expect(Self.worth(text) == nil)
    }

    /// What is no formula, and the character at which it says so.
    private static let mistakes: [String: Int] = [
        "": 1,
        "1 +": 4,
        "1 2": 3,
        "(1": 3,
        "amout": 1,
        "amount + 1": 8,
        "1 + nothing(2)": 5,
        "today()": 1,
        "if(1, 2, 3)": 4,
        "if(custom.paid, 1, \"a\")": 20,
        "display_name < \"x\"": 14,
        "custom.colours = custom.colours": 16,
        "\"abc": 1,
        "1 = 1 = 1": 7,
        "money(1, \"EURO\")": 10,
        "date(\"2026-02-30\")": 1,
        "1 / 0": 3,
        "date(custom.called_at, \"Mars\")": 24,
        "#": 1,
        "1a": 2,
        "9223372036854775808": 1,
        "1.23456789012345678": 1,
        "min(1)": 1,
        "is_set()": 1,
        "if(custom.paid)": 1,
        "\"a\\n\"": 3,
        "custom.size in ()": 13,
        "custom.size in 3": 16,
        "f(": 3,
        ",": 1,
        "custom.paid and 1": 17,
    ]

    @Test(arguments: mistakes)
    func refusals(_ text: String, _ position: Int) {
        var found: Int?
        do { _ = try Formula(text, over: Self.fields) } catch { found = error.position }
        #expect(found == position)
    }

    @Test func `what a field holds has to be what its formula gives`() throws {
        let number = try Formula("custom.size", over: Self.fields, giving: .number)
        let value = number.value { _ in .integer(7) }
        #expect(value == .number(7))
        var text = ""
        do { _ = try Formula("custom.rate", over: Self.fields, giving: .integer) } catch { text = error.text }
        #expect(text == "it gives a number, and the field holds a whole number; write round(…)")
        #expect(throws: FormulaError.self) { try Formula("amount", over: Self.fields, giving: .text) }
    }

    @Test func `an unknown field names one that is near`() {
        var text = ""
        do { _ = try Formula("amout * 2", over: Self.fields) } catch { text = error.text }
        #expect(text == "there is no field amout that a formula can use; amount is one")
    }

    @Test func `depth and length are limited`() {
        let deep = String(repeating: "(", count: 41) + "1" + String(repeating: ")", count: 41)
        #expect(throws: FormulaError.self) { try Formula(deep, over: [:]) }
        let long = "1" + String(repeating: " ", count: Formula.lengthMax)
        #expect(throws: FormulaError.self) { try Formula(long, over: [:]) }
    }

    @Test func `texts have a limit`() throws {
        let long = String(repeating: "长", count: 6_000)
        let formula = try Formula("display_name & display_name", over: Self.fields)
        let value = formula.value { _ in .text(long) }
        #expect(value == nil)
        let replaced = try Formula("length(replace(display_name, \"长\", \"长长\"))", over: Self.fields)
        let length = replaced.value { _ in .text(long) }
        #expect(length == nil)
    }

    @Test func `functions are no fields`() {
        let words = Formula.words(of: "amount(custom.fee) + date (due_on, 'UTC') in (amount, 3)")
        #expect(words == ["custom.fee", "due_on", "amount"])
    }

    @Test func `formulas come after those that they use`() throws {
        let sorted = try FormulaOrder.sorted(["a": ["b", "x"], "b": ["c"], "c": []])
        #expect(sorted == ["c", "b", "a"])
        #expect(throws: FormulaOrder.Cycle.self) { try FormulaOrder.sorted(["a": ["b"], "b": ["a"]]) }
        #expect(throws: FormulaOrder.Cycle.self) { try FormulaOrder.sorted(["a": ["a"]]) }
    }
}
