import AccessControl
import Testing

struct TenantChoiceListTests {
    private static let list = TenantChoiceList(
        name: "branch",
        entries: [
            TenantChoice(value: "a", isRetired: true, successor: "b"),
            TenantChoice(value: "b", isRetired: true, successor: "c"), TenantChoice(value: "c"),
            TenantChoice(value: "gone", isRetired: true), TenantChoice(value: "lost", isRetired: true, successor: "x"),
            TenantChoice(value: "one", isRetired: true, successor: "other"),
            TenantChoice(value: "other", isRetired: true, successor: "one"),
            // It lives again.
            TenantChoice(value: "back", successor: "c"),
        ])

    @Test(arguments: [
        ("a", "c"), ("b", "c"), ("c", "c"), ("gone", "gone"), ("lost", "x"), ("unknown", "unknown"), ("back", "back"),
        ("one", "one"),
    ])
    func whatIsChosenInPlaceOfAValue(_ value: String, _ expected: String) {
        let successor = Self.list.successor(of: value)
        #expect(successor == expected)
    }
}
