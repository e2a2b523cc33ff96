import Tenancy
import TestSupport
import Testing

@testable import Formulas

/// Each function by itself.
@Suite struct FormulaFunctionTests {
    /// The ends of each type, and what is next to them.
    private static let extremes: [FormulaType: [FormulaValue]] = [
        .integer: [.min, .min + 1, -1, 0, 1, 1 << 53, .max].map { .integer($0) },
        .number: [-Double.greatestFiniteMagnitude, -1e15, -0.5, 0, .leastNonzeroMagnitude, 1e15, 1e300].map {
            .number($0)
        },
        .text: ["a", "EUR", "2024-02-29", "长\u{301}", String(repeating: "🇩🇪", count: 5_000)].map { .text($0) },
        .texts: [.texts([]), .texts(["a", "a"])],
        .flag: [.flag(true), .flag(false)],
        .date: [CalendarDay(year: 1, month: 1, day: 1), CalendarDay(year: 9999, month: 12, day: 31)].compactMap {
            $0.map { .date($0) }
        },
        .time: [Timestamp("0001-01-01T00:00:00Z"), Timestamp("9999-12-31T23:59:59Z")].compactMap {
            $0.map { .time($0) }
        },
        .money: [Int64.min, .min + 1, -1, 0, 1, .max].map { .money(minorUnits: $0, currency: "EUR") }
            + [.money(minorUnits: 1, currency: "JPY")],
    ]

    @Test func `no value ends the program`() {
        var calls = 0
        for (name, functions) in FormulaFunction.all {
            for function in functions {
                var lists: [[FormulaValue]] = [[]]
                for type in function.parameters {
                    let values = Self.extremes[type] ?? []
                    #expect(!values.isEmpty, "\(type)")
                    lists = lists.flatMap { list in values.map { list + [$0] } }
                }
                for list in lists {
                    let result = try? function.body(list)
                    #expect(result == nil || result?.type == function.result, "\(name) \(list)")
                    calls += 1
                }
            }
        }
        #expect(calls > 1_000)
    }

    @Test func `texts are found scalar by scalar`() throws {
        var random = SeededGenerator(seed: 3)
        let pieces: [Unicode.Scalar] = ["a", "b", "\u{301}", "长", "\r", "\n"]
        func text(_ count: Int) -> String {
            String(String.UnicodeScalarView((0..<count).map { _ in pieces[random.number(0...pieces.count - 1)] }))
        }
        for _ in 0..<20_000 {
            let (whole, part) = (text(random.number(0...12)), text(random.number(1...3)))
            let (scalars, wanted) = (Array(whole.unicodeScalars), Array(part.unicodeScalars))
            var (expected, index) = ([Int](), 0)
            while index + wanted.count <= scalars.count {
                let isThere = Array(scalars[index..<index + wanted.count]) == wanted
                if isThere { expected.append(String(String.UnicodeScalarView(scalars[..<index])).utf8.count) }
                index += isThere ? wanted.count : 1
            }
            let places = TextSearch(for: part).places(in: whole, atMost: .max)
            #expect(places == expected)
        }
        let formula = try Formula(
            "contains(t, \"e\") and ends_with(t, \"\u{301}\") and starts_with(t, \"e\")", over: ["t": .text])
        let value = formula.value { _ in .text("e\u{301}") }
        #expect(value == .flag(true))
    }

    /// 38 lists within each other, of which each has several values: what they compare is looked at once.
    @Test func `lists within lists are looked at once`() throws {
        var text = "p"
        for _ in 0..<38 { text = "(\(text))in(true,p,false)" }
        let formula = try Formula(text, over: ["p": .flag])
        let value = formula.value { _ in .flag(true) }
        #expect(value == .flag(true) && formula.size == 1 + 38 * 7)
    }

    @Test func `what all formulas of a record handle is limited`() throws {
        let formula = try Formula("upper(t)", over: ["t": .text])
        var (budget, count) = (FormulaBudget(), 0)
        let long = FormulaValue.text(String(repeating: "长", count: 10_000))
        while formula.value({ _ in long }, &budget) != nil { count += 1 }
        #expect(count == FormulaBudget.bytesMax / 30_000)
    }
}
