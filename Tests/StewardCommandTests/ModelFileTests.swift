import Contracts
import FoundationEssentials
import IdentityContracts
import Testing

@testable import steward

/// Models as files: what is written is read again, and what is no model says where.
@Suite struct ModelFileTests {
    private static let templates = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../deploy/templates").standardized

    @Test(arguments: ["training", "suppliers", "clinic"])
    func aTemplateIsAModelThatSurvives(_ name: String) throws {
        let model = try ModelFile.read(Self.templates.appending(path: "\(name).yaml").path)
        #expect(model.objects.count >= 3 && model.fields.count >= 13 && model.roles.count == 2)
        let text = try ModelFile.text(model)
        let again = try ModelFile.model(of: text, "again")
        #expect(again == model, "\(text)")
    }

    @Test func textsStayTexts() throws {
        let names = [
            "yes", "007", "1.5", "~", "null", "a: b", "# c", "- d", "中文", "\"q\"", "it's", "", " x ", "line\nline",
            "{}", "2026-01-01",
        ]
        let model = WorkspaceModel(
            fields: [FieldDefinition(object: "account", name: "n", kind: .choice, displayName: "yes", choices: names)])
        let again = try ModelFile.model(of: try ModelFile.text(model), "again")
        #expect(again == model)
    }

    @Test(arguments: [
        ("objects:\n  - { nam: a }", "objects[0].nam"), ("object: []", "object"), ("objects: 5", "objects"),
        ("fields:\n  - { object: account, kind: FLOAT }", "fields[0].kind"), ("[", "no YAML"),
        ("objects: [", "no YAML"),
        ("fields:\n  - { value_min: x }", "fields[0].value_min"), ("text", "the message"),
    ])
    func whatIsNoModelSaysWhere(_ text: String, _ place: String) {
        let problem = #expect(throws: UsageProblem.self) { try ModelFile.model(of: text, "file.yaml") }
        #expect(
            problem?.text.contains(place) == true && problem?.text.hasPrefix("file.yaml") == true,
            "\(problem?.text ?? "")")
    }
}
