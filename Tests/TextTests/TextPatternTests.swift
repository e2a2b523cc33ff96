import Testing

@testable import Text

@Suite struct TextPatternTests {
    private func fault(_ text: String) -> TextPattern.Fault? {
        do {
            _ = try TextPattern(text)
            return nil
        } catch {
            return error
        }
    }

    @Test func itFitsATextAsAWhole() throws {
        let code = try TextPattern("[A-Z]{2}-\\d{4}")
        #expect(code.answer("AB-1234") == .fits)
        for text in ["AB-12345", " AB-1234", "ab-1234", "", "AB-1234\n"] { #expect(code.answer(text) == .differs) }
        let chinese = try TextPattern("[\\p{Han}]{2,4}号?")
        #expect(chinese.answer("中国银行") == .fits && chinese.answer("中") == .differs)
        #expect(try TextPattern("(?i)ä+").answer("Ää") == .fits)
        #expect(try TextPattern(".").answer("😀") == .fits)
    }

    @Test func whatIsNoPatternIsToldWithItsPlace() {
        let cases = [
            ("(a", 2, "parenthesis"), ("[a", 2, "bracket"), ("a{2,1}", 6, "most is less"),
            ("(.)\\1", 4, "back reference"), ("(?<n>a)\\k<n>", 8, "back reference"), ("[a](b)\\9", 7, "back reference"),
            ("银行(", 3, "parenthesis"), ("*a", 1, "literally"), ("\\p{Nix}", 7, "property"), ("(?<=a+)b", 7, "behind"),
        ]
        for (text, position, words) in cases {
            let fault = fault(text)
            #expect(fault?.position == position && fault?.text.contains(words) == true, "\(text): \(fault as Any)")
        }
    }

    /// An audit had one value of a field compared for 2.3 s, and one pattern compiled for 92 ms, on the loop that serves all workspaces.
    @Test func whatIsCostlyWhateverTheTextIsRefused() throws {
        func times(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }
        let costly = [
            "(?i)" + times("[\\p{L}]", 45), times("\\p{L}", 11), "(?i)" + times("\\p{L}", 3),
            "(?mi)" + times("[ſ-ￜ]", 3),
            times("[a]", 21), "(?i:" + times("[\\w]", 3) + ")", "a(?-x)(?i-x)" + times("[^ä]", 2),
            times("[[:alpha:]]", 11),
            // Properties by another name, and flags behind a bracket in a comment.
            "(?i)" + times("[a-z[:^L:]]+", 2), "(?i)" + times("[:L:]", 3), "(?#[)(?i)" + times("\\p{L}", 3),
            "(?x)#[\n(?i)" + times("\\p{L}", 3),
        ]
        for pattern in costly { #expect(fault(pattern)?.text.contains("sets of characters") == true, "\(pattern)") }
        let plain = [
            "(?i)[a-z]{2}-\\d{4}", "\\Q\\1[[[[[[[[[[[[[[[[[[[[[[[[\\E", "\\\\1", "[\\p{Han}\\p{L}]+", "(?i)ä[a-zäöü]",
            "a\\[b\\]",
            "(?:[A-Z]\\d){1,9}", "\\Qa", "a\\E", "(?x) a # [b] \n", "(?<name>a)(?=b)b(?!c)",
        ]
        for pattern in plain { #expect(fault(pattern) == nil, "\(pattern)") }
        // Whatever stands there, it is told or compiled.
        var random = SystemRandomNumberGenerator()
        let parts = Array("\\[](){}?i:-^Qk1pPE{L}aä银|*+,<>=!#&")
        for _ in 0..<20_000 {
            let text = String(
                (0..<Int.random(in: 0..<12, using: &random)).map { _ in parts.randomElement(using: &random)! })
            if let pattern = try? TextPattern(text) { _ = pattern.answer("aäi1") }
        }
    }

    @Test func patternsAreCompiledOnceAndForgottenWhenThereAreMany() throws {
        let patterns = TextPatterns()
        let first = try patterns.pattern("a{0}")
        #expect(try patterns.pattern("a{0}") === first)
        for count in 1...600 { _ = try patterns.pattern("a{\(count)}") }
        #expect(try patterns.pattern("a{0}") === first)
        for count in 601...2_000 { _ = try patterns.pattern("a{\(count)}") }
        #expect(try patterns.pattern("a{0}") !== first)
        #expect(throws: TextPattern.Fault.self) { _ = try patterns.pattern("(") }
    }

    /// Patterns that go back over all ways to part a text, which are more than there are moments in a year.
    @Test func whatWouldTakeForEverIsGivenUpAtOnce() throws {
        let patterns = [
            "(a*)*b", "(a|aa)+b", "(.*)*x", "(a+a+)+y", "(a?){40}a{40}b", "(\\w+\\s?)*!", "(?:(?:a+)+)+b",
            "(?:(?:(?=[a-z]*)){1000}){1000}!",
        ]
        let texts = [40, TextPattern.textLengthMax].map { String(repeating: "a", count: $0) }
        let clock = ContinuousClock()
        var slowest = Duration.zero
        for pattern in patterns {
            let compiled = try TextPattern(pattern)
            for text in texts {
                var answer = TextPattern.Answer.fits
                let time = clock.measure { answer = compiled.answer(text) }
                #expect(answer != .fits)
                slowest = max(slowest, time)
            }
        }
        #expect(try TextPattern("(a*)*b").answer(texts[0]) == .tooSlow)
        #expect(slowest < .milliseconds(500), "\(slowest)")
    }

    @Test func aLongTextIsNoMatterForAPlainPattern() throws {
        let text = String(repeating: "ab, ", count: TextPattern.textLengthMax / 4)
        #expect(try TextPattern("[a-z, ]+").answer(text) == .fits)
        #expect(try TextPattern("(?:[a-z]+, )+").answer(text) == .fits)
        #expect(try TextPattern(".*").answer(text) == .fits)
    }
}
