import RPC
import Testing

@testable import IdentityService

struct PasswordRulesTests {
    @Test(arguments: ["correct horse", "0123456789", "密码密码一二三四五六", String(repeating: "abcd", count: 32)])
    func takes(_ password: String) {
        #expect(PasswordRules.violation(of: password, email: "ann@example.com", field: "password") == nil)
    }

    @Test(arguments: [
        ("", "REQUIRED"), ("short", "PASSWORD_TOO_SHORT"), ("aaaaaaaaaaaa", "PASSWORD_TOO_PLAIN"),
        (String(repeating: "abcde", count: 26), "PASSWORD_TOO_LONG"),
        ("Ann@Example.com", "PASSWORD_IS_EMAIL"),
    ])
    func refuses(_ password: String, _ reason: String) {
        let violation = PasswordRules.violation(of: password, email: "ann@example.com", field: "password")
        #expect(violation?.reason == reason)
    }

    @Test func refusesTheNameInTheAddress() {
        let violation = PasswordRules.violation(
            of: "wolfgang.amadeus", email: "wolfgang.amadeus@example.com", field: "password")
        #expect(violation?.reason == "PASSWORD_IS_EMAIL")
    }
}
