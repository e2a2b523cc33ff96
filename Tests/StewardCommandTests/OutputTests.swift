import SalesContracts
import Testing

@testable import steward

@Suite struct OutputTests {
    @Test(arguments: [("abc", 3), ("张三", 4), ("e\u{301}", 1), ("👨‍👩‍👧", 2), ("ｱ", 1), ("한글", 4), ("❤️", 2), ("", 0)])
    func measuresColumns(_ text: String, _ columns: Int) {
        #expect(TextWidth.columns(text) == columns)
    }

    @Test func truncatesByColumns() {
        #expect(TextWidth.truncated("北京上海广州", to: 7) == "北京上…")
        #expect(TextWidth.truncated("北京上海广州", to: 6) == "北京…")
        #expect(TextWidth.truncated("北京", to: 4) == "北京")
    }

    @Test func alignsChineseAndLatin() {
        let table = Table(
            columns: [.init(title: "name"), .init(title: "n", alignsRight: true), .init(title: "city")],
            rows: [["张三", "1", "北京"], ["Ann", "100", "Rome"]])
        #expect(table.lines(width: 80).dropFirst() == ["张三    1  北京", "Ann   100  Rome"])
    }

    @Test func narrowsTheWidestColumnOnly() {
        let table = Table(
            columns: [.init(title: "id"), .init(title: "text")], rows: [["1", String(repeating: "x", count: 90)]])
        let line = table.lines(width: 40)[1]
        #expect(TextWidth.columns(line) == 40)
        #expect(line.hasSuffix("…"))
    }

    private static let wide = Table(
        columns: [
            .init(title: "id", keepsWidth: true, dispensability: 9), .init(title: "name", dispensability: 1),
            .init(title: "amount", alignsRight: true, keepsWidth: true, dispensability: 2),
            .init(title: "time", keepsWidth: true, dispensability: 3), .init(title: "note", dispensability: 4),
        ],
        rows: [
            [
                "0190b5a0-0000-7000-8000-000000000000", String(repeating: "n", count: 40), "12,345,678.90 EUR",
                "2026-11-21T09:30:00Z", String(repeating: "x", count: 40),
            ]
        ])

    @Test(arguments: [(200, []), (120, []), (80, ["id"]), (60, ["id", "note"]), (40, ["id", "note", "time"])])
    func numbersAndTimesAreWholeOrNotThere(_ width: Int, _ leftOut: [String]) {
        let (table, without) = Self.wide.fitting(width)
        #expect(without == leftOut)
        for line in table.lines(width: width) { #expect(TextWidth.columns(line) <= width) }
        let row = table.lines(width: width)[1]
        for (title, text) in [("id", "000000000000"), ("amount", "12,345,678.90 EUR"), ("time", "09:30:00Z")] {
            #expect(row.contains(text) == !leftOut.contains(title), "\(row)")
        }
    }

    @Test func whatWasAskedForIsThere() {
        let asked = Table(
            columns: [.init(title: "id", keepsWidth: true), .init(title: "name")],
            rows: [["0190b5a0-0000-7000-8000-000000000000", String(repeating: "n", count: 40)]])
        let (table, leftOut) = asked.fitting(40)
        #expect(leftOut.isEmpty)
        #expect(table.lines(width: 40)[1] == "0190b5a0-0000-7000-8000-000000000000  n…")
    }

    /// 5000 JPY and 100.00 USD have no common measure.
    @Test func barsAreOfDealsNotOfMoney() {
        func column(_ name: String, _ count: Int64, _ units: Int64, _ currency: String) -> BoardColumn {
            BoardColumn(
                displayName: name, dealCount: count, sums: [MoneySum(currencyCode: currency, minorUnits: units)])
        }
        let board = GetBoardResponse(
            displayName: "Sales", columns: [column("A", 1, 500_000, "JPY"), column("B", 2, 10_000, "USD")])
        let bars = BoardText.lines(board, width: 80).dropFirst(2).map { line in line.count { $0 == "█" } }
        #expect(bars == [12, 24])
    }

    @Test func controlCharactersDoNotReachTheTerminal() {
        let table = Table(columns: [.init(title: "a")], rows: [["x\u{1b}[31my\nz"]])
        #expect(table.lines(width: 80)[1] == "x [31my z")
        let turned = Table(columns: [.init(title: "a")], rows: [["a\u{202e}b\u{9b}2Jc\u{2028}d"]])
        #expect(turned.lines(width: 80)[1] == "a b 2Jc d")
    }

    @Test func quotesJSON() {
        #expect(JSONText.quoted("a\"\\\n\u{1}张") == "\"a\\\"\\\\\\n\\u0001张\"")
    }
}
