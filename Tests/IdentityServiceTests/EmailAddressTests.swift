import RPC
import Testing

@testable import IdentityService

struct EmailAddressTests {
    @Test(arguments: [
        ("Ann@Example.COM", "ann@example.com"), ("  a.b+c@x.org ", "a.b+c@x.org"), ("李@例子.中国", "李@例子.中国"),
    ])
    func comparesInLowerCase(_ written: String, _ stored: String) {
        #expect(EmailAddress(written)?.text == stored)
    }

    @Test(arguments: [
        "", "a", "@x.org", "a@", "a@b", "a@b@c.org", "a b@c.org", "a@-x.org", "a@x-.org", "a@x..org",
        "a,b@x.org", "admin\u{200b}@example.com", "a\u{a0}b@example.com", "ann@exam\u{200d}ple.com", "a..b@x.org",
        ".a@x.org",
        "ann@\u{2603}.com",
        String(repeating: "a", count: 65) + "@x.org",
    ])
    func refusesOthers(_ text: String) {
        #expect(EmailAddress(text) == nil)
        #expect(EmailAddress.violation(of: text, field: "email")?.field == "email")
    }
}
