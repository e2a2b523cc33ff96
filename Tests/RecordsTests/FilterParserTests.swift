import Testing

@testable import Records

@Suite struct FilterParserTests {
    func compare(_ path: String, _ comparator: Comparator, _ values: [FilterLiteral], _ position: Int)
        -> FilterNode
    {
        .compare(
            FilterComparison(
                path: path, comparator: comparator, values: values, place: "position \(position)"))
    }

    @Test func readsEveryOperator() throws {
        let operators: [(String, Comparator)] = [
            ("=", .equal), ("!=", .notEqual), ("<", .less), ("<=", .lessOrEqual), (">", .greater),
            (">=", .greaterOrEqual), ("~", .contains), ("^=", .startsWith),
        ]
        for (symbol, comparator) in operators {
            #expect(
                try FilterParser.parse("city \(symbol) 'x'") == compare("city", comparator, [.text("x")], 1))
            #expect(try FilterParser.parse("city\(symbol)x") == compare("city", comparator, [.word("x")], 1))
        }
        #expect(
            try FilterParser.parse("a in (1, \"b\")") == compare("a", .in, [.word("1"), .text("b")], 1))
        #expect(try FilterParser.parse("a not in (1)") == .not(compare("a", .in, [.word("1")], 1)))
        #expect(try FilterParser.parse("a is set") == compare("a", .isSet, [], 1))
        #expect(try FilterParser.parse("a IS NOT SET") == .not(compare("a", .isSet, [], 1)))
    }

    @Test func andBindsTighterThanOrAndNotTightest() throws {
        guard case .any(let parts) = try FilterParser.parse("a = 1 or not b = 2 and c = 3"),
            case .all(let inner) = parts[1], case .not = inner[0]
        else {
            Issue.record("wrong precedence")
            return
        }
        #expect(parts.count == 2 && inner.count == 2)
        guard case .all(let grouped) = try FilterParser.parse("(a = 1 or b = 2) and c = 3"),
            case .any = grouped[0]
        else {
            Issue.record("parentheses were ignored")
            return
        }
    }

    @Test func readsEscapesChineseAndTimes() throws {
        #expect(
            try FilterParser.parse(#"a = "say \"hi\" \\ \u4f60 \n\t\'""#)
                == compare("a", .equal, [.text("say \"hi\" \\ 你 \n\t'")], 1))
        #expect(try FilterParser.parse("city = 北京") == compare("city", .equal, [.word("北京")], 1))
        #expect(try FilterParser.parse("city ~ '北 京'") == compare("city", .contains, [.text("北 京")], 1))
        #expect(
            try FilterParser.parse("create_time > 2026-01-01T00:00:00.5+01:00")
                == compare("create_time", .greater, [.word("2026-01-01T00:00:00.5+01:00")], 1))
        #expect(try FilterParser.parse("a.b = -1.5e3") == compare("a.b", .equal, [.word("-1.5e3")], 1))
        #expect(try FilterParser.parse("a = 'and'") == compare("a", .equal, [.text("and")], 1))
    }

    @Test(arguments: [
        ("", 1), ("   ", 4), ("a", 2), ("a =", 4), ("a = 'x", 5), ("a = 1 b = 2", 7), ("(a = 1", 7),
        ("a = 1)", 6),
        ("a in ()", 7), ("a in (1", 8), ("a is", 5), ("a is not", 9), ("= 1", 1), ("a & b", 3),
        ("a = \"\\q\"", 6),
        ("a = '\\u12'", 6), ("北京 = 'x' or", 12), ("not", 4), ("a not = 1", 7),
    ])
    func errorsHavePositions(_ text: String, _ position: Int) {
        do throws(FilterSyntaxError) {
            let node = try FilterParser.parse(text)
            Issue.record("\(text) was read as \(node)")
        } catch {
            #expect(error.position == position, "\(text): \(error.message)")
        }
    }

    @Test(arguments: ["a = 5 EUR", "a in (5 EUR)", "(city = New York)"])
    func valuesOfTwoWordsStandInQuotes(_ text: String) {
        do throws(FilterSyntaxError) {
            _ = try FilterParser.parse(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.message.contains("a value of several words stands in quotes"), "\(error.message)")
        }
    }

    @Test func limitsAreKept() throws {
        let deep = { (count: Int) in
            String(repeating: "(", count: count) + "a = 1" + String(repeating: ")", count: count)
        }
        _ = try FilterParser.parse(deep(FilterLimits.depthMax))
        #expect(throws: FilterSyntaxError.self) { try FilterParser.parse(deep(FilterLimits.depthMax + 1)) }
        #expect(throws: FilterSyntaxError.self) {
            try FilterParser.parse(String(repeating: "not ", count: FilterLimits.depthMax + 1) + "a = 1")
        }
        let wide = { (count: Int) in Array(repeating: "a=1", count: count).joined(separator: " or ") }
        _ = try FilterParser.parse(wide(FilterLimits.comparisonCountMax))
        #expect(throws: FilterSyntaxError.self) {
            try FilterParser.parse(wide(FilterLimits.comparisonCountMax + 1))
        }
        let long = "a = '" + String(repeating: "x", count: FilterLimits.expressionBytesMax) + "'"
        #expect(throws: FilterSyntaxError.self) { try FilterParser.parse(long) }
    }

    @Test func anyBytesAreReadOrRefused() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "a", "=", "(", ")", "'", "\"", "\\", "u", "not", "and", "or", "in", "is", "set", ",", "~", "^",
            "!",
            "é", "北", "\u{0}", "1", " ",
        ]
        for _ in 0..<5_000 {
            let text = (0..<12).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            _ = try? FilterParser.parse(text)
        }
    }
}
