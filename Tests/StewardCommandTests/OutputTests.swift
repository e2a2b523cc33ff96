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
