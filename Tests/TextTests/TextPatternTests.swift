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
            ("(.)\\2", 5, "back reference"),
            ("银行(", 3, "parenthesis"), ("*a", 1, "literally"), ("\\p{Nix}", 7, "property"), ("(?<=a+)b", 7, "behind"),
        ]
        for (text, position, words) in cases {
            let fault = fault(text)
            #expect(fault?.position == position && fault?.text.contains(words) == true, "\(text): \(fault as Any)")
        }
    }

    /// Patterns that go back over all ways to part a text, which are more than there are moments in a year.
    @Test func whatWouldTakeForEverIsGivenUpAtOnce() throws {
        let patterns = ["(a*)*b", "(a|aa)+b", "(.*)*x", "(a+a+)+y", "(a?){40}a{40}b", "(\\w+\\s?)*!", "(?:(?:a+)+)+b"]
        let texts = [String(repeating: "a", count: 40), String(repeating: "a", count: 10_000)]
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
        let text = String(repeating: "ab, ", count: 2_500)
        #expect(try TextPattern("[a-z, ]+").answer(text) == .fits)
        #expect(try TextPattern("(?:[a-z]+, )+").answer(text) == .fits)
        #expect(try TextPattern(".*").answer(text) == .fits)
    }
}
