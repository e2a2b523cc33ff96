import Testing

@testable import steward

/// Other people's data on a terminal.
@Suite struct TerminalTextTests {
    @Test(arguments: [
        ("\u{1b}]0;title\u{7}", "\\u001b]0;title\\u0007"), ("a\u{9b}2Jb", "a\\u009b2Jb"), ("x\rerror", "x\\u000derror"),
        ("\u{202e}txt.exe\u{2069}", "\\u202etxt.exe\\u2069"), ("a\u{2028}b\u{8}\u{7f}", "a\\u2028b\\u0008\\u007f"),
        ("\u{0}", "\\u0000"), ("\u{1b}[31mred", "\\u001b[31mred"),
    ])
    func whatDoesSomethingIsWrittenOut(_ text: String, _ safe: String) {
        #expect(TerminalText.safe(text) == safe)
    }

    @Test(arguments: ["北京 Müller\n\tnext", "👨‍👩‍👧 ❤️", "می‌خواهم", "שלום", "العربية", "e\u{301}", "\u{200f}١٢"])
    func textStaysAsItIs(_ text: String) {
        #expect(TerminalText.safe(text) == text)
    }

    @Test func ownStylesAreWrittenAndNobodyElseHasMore() {
        #expect(TerminalText.safe(TerminalText.marked("a\u{1b}[2J", .red)) == "\u{1b}[31ma\\u001b[2J\u{1b}[0m")
        for scalar in (0 as UInt32)...0x2ffff {
            guard let scalar = Unicode.Scalar(scalar), scalar != "\n", scalar != "\t" else { continue }
            let safe = TerminalText.safe("\(scalar)").unicodeScalars
            #expect(
                safe.allSatisfy { $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) }
                    || safe.elementsEqual("\u{1b}[0m".unicodeScalars))
        }
    }

    @Test func stylesTakeNoRoom() {
        #expect(TextWidth.columns(TerminalText.marked("北京", .bold)) == 4)
    }

    @Test func aValueCannotPretendToBeTheNextLine() {
        #expect(TerminalText.oneLine("a\nnext:  rm\r\u{2028}") == "a\\u000anext:  rm\\u000d\\u2028")
        #expect(TerminalText.hanging("a\nb\r\nc", at: 3) == "a\n   b\n   c")
    }

    @Test(arguments: [
        ("zh_CN.UTF-8", "zh-CN"), ("de_AT@euro", "de-AT"), ("en", "en"), ("C.UTF-8", nil), ("POSIX", nil), ("", nil),
    ])
    func theLanguageOfALocaleIsATag(_ locale: String, _ tag: String?) {
        #expect(Terminal.language(of: locale) == tag)
    }
}
