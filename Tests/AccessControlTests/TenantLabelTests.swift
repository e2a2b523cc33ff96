import Testing

@testable import AccessControl

@Suite struct TenantLabelTests {
    private let field = TenantField(
        object: "account", number: 1, name: "size", kind: .wholeNumber, displayName: "Size", description: "d",
        labels: [
            TenantLabel(language: "zh", displayName: "规模", description: "说明"),
            TenantLabel(language: "zh-Hant", displayName: "規模"), TenantLabel(language: "de-AT", displayName: "Größe"),
        ])

    @Test(arguments: [
        (nil, "Size"), ("en", "Size"), ("zh", "规模"), ("ZH-cn", "规模"), ("zh-hant-TW", "規模"), ("zh-x-a", "规模"),
        ("de", "Size"), ("de-AT", "Größe"), ("de-at-1996", "Größe"), ("", "Size"),
    ])
    func theNearestMoreGeneralLanguageIsTaken(_ language: String?, _ name: String) {
        #expect(field.label(in: language).displayName == name)
    }

    @Test func whatALabelDoesNotSayIsAsWithoutOne() {
        let labels = [field.label(in: "zh"), field.label(in: "zh-Hant"), field.label(in: nil)]
        #expect(labels.map(\.description) == ["说明", "d", "d"])
    }
}
