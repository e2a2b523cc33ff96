import RPC
import Testing

@testable import IdentityService

struct PasswordRulesTests {
    private func reason(_ password: String, _ names: PasswordNames = PasswordNames(email: "ann@example.com")) -> String?
    {
        PasswordRules.violation(of: Password(password), names, field: "password")?.reason
    }

    @Test(arguments: [
        "correct horse", "0918273645", "密码密码一二三四五六", String(repeating: "abcd", count: 32),
        "the password of my heart",
    ])
    func takes(_ password: String) { #expect(reason(password) == nil) }

    @Test(arguments: [
        ("", "REQUIRED"), ("short", "PASSWORD_TOO_SHORT"), ("aaaaaaaaaaaa", "PASSWORD_TOO_PLAIN"),
        (String(repeating: "abcde", count: 26), "PASSWORD_TOO_LONG"),
        ("Ann@Example.com", "PASSWORD_IS_EMAIL"),
    ])
    func refuses(_ password: String, _ expected: String) { #expect(reason(password) == expected) }

    @Test func refusesTheNameInTheAddress() {
        #expect(
            reason("wolfgang.amadeus", PasswordNames(email: "wolfgang.amadeus@example.com")) == "PASSWORD_IS_EMAIL")
    }

    @Test(arguments: ["password1234", "Password-1234!", "1234567890", "qwertyuiop", "QWERTYUIOP", "passw0rd1234"])
    func refusesWhatIsTriedFirst(_ password: String) { #expect(reason(password) == "PASSWORD_TOO_COMMON") }

    @Test(arguments: [
        "steward123", "acme-gmbh-2026", "Ann.Hopper.99", "hopperhopper1", "steward1234567890", "acme password1",
    ])
    func refusesNames(_ password: String) {
        let names = PasswordNames(email: "ann.h@example.com", workspace: "acme-gmbh", displayName: "Ann Hopper")
        #expect(reason(password, names) == "PASSWORD_HOLDS_NAME")
        #expect(reason("\(password) walks by the sea", names) == nil)
    }

    @Test func refusesThePresentOne() {
        for (old, new, expected) in [
            ("only this once", "only this once", "PASSWORD_UNCHANGED"),
            ("cafe\u{301} au lait", "caf\u{e9} au lait", "PASSWORD_UNCHANGED"),
            ("only this once", "Only this once", nil),
        ] {
            let violation = PasswordRules.violation(
                of: Password(new), replacing: Password(old), PasswordNames(), field: "new_password")
            #expect(violation?.reason == expected)
        }
    }
}

struct PasswordTests {
    private func bytes(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }

    /// Only what was sent in another form is tried in two.
    @Test func isInNormalFormC() {
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait")
        #expect(bytes(Password(composed).forms) == bytes([composed]))
        #expect(bytes(Password(decomposed).forms) == bytes([composed, decomposed]))
    }

    @Test func isOtherwiseWhatWasTyped() {
        for text in [" Blanks at both ends ", "ＦＵＬＬ width", "tab\tand\r\nlines"] {
            #expect(bytes(Password(text).forms) == bytes([text]))
        }
    }

    @Test func isNobodysWhenItIsTooLong() {
        #expect(Password(String(repeating: "a", count: 1_025)).isImpossible)
        #expect(Password(String(repeating: "e\u{301}", count: 100_000)).isImpossible)
        #expect(Password("").isImpossible && !Password("x").isImpossible)
    }
}
