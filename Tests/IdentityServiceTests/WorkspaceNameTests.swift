import IdentityService
import Testing

struct WorkspaceNameTests {
    @Test(arguments: ["abc", "a-b", "acme-2026", String(repeating: "x", count: 40), "123"])
    func takesNames(_ text: String) {
        #expect(WorkspaceName(text)?.text == text)
    }

    @Test(arguments: [
        "", "ab", "-ab", "ab-", "Acme", "ac me", "acmé", "a_b", "a.b", String(repeating: "x", count: 41),
        "ab\u{0}",
    ])
    func refusesOthers(_ text: String) {
        #expect(WorkspaceName(text) == nil)
    }
}
