import Contracts
import FoundationEssentials
import IdentityContracts
import RPC
import Tenancy
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

    @Test func defaultsAndLabelsSurvive() throws {
        let values = [
            CustomField(stringValue: "007"), CustomField(intValue: 7), CustomField(doubleValue: -0.25),
            CustomField(boolValue: false), CustomField(timeValue: Timestamp(microseconds: 1_800_000_000_123_456)),
            CustomField(moneyValue: Money(currencyCode: "EUR", minorUnits: 5)),
            CustomField(stringValues: ["a", "yes"]),
        ]
        let model = WorkspaceModel(
            fields: values.map {
                FieldDefinition(
                    object: "account", name: "n", kind: .text, displayName: "n", defaultValue: $0, readOnly: true,
                    pattern: "[A-Z]{2}-\\d+: '#'", labels: [FieldLabel(languageCode: "zh", displayName: "编号")])
            })
        let text = try ModelFile.text(model)
        let again = try ModelFile.model(of: text, "again")
        #expect(again == model, "\(text)")
    }

    @Test(arguments: [
        ("objects:\n  - { nam: a }", "objects[0].nam"), ("object: []", "object"), ("objects: 5", "objects"),
        ("fields:\n  - { object: account, kind: FLOAT }", "fields[0].kind"), ("[", "no YAML"),
        ("objects: [", "no YAML"),
        ("fields:\n  - { value_min: x }", "fields[0].value_min"), ("text", "no model"), ("", "no model"),
    ])
    func whatIsNoModelSaysWhere(_ text: String, _ place: String) {
        let problem = #expect(throws: UsageProblem.self) { try ModelFile.model(of: text, "file.yaml") }
        #expect(
            problem?.text.contains(place) == true && problem?.text.hasPrefix("file.yaml") == true,
            "\(problem?.text ?? "")")
    }

    @Test(arguments: [
        ("fields:\n  - { object: account\n  - x", "line 4, column 1"), ("fields:\n  - [*b]", "line 2, column"),
        ("roles: []\nroles: []", "roles stands twice"),
    ])
    func whatIsNoYAMLSaysOnWhichLine(_ text: String, _ place: String) {
        let problem = #expect(throws: UsageProblem.self) { try ModelFile.model(of: text, "file.yaml") }
        #expect(problem?.text.contains(place) == true, "\(problem?.text ?? "")")
        #expect(problem?.text.contains("Error") == false)
    }

    @Test func aTextThatLooksLikeANumberIsToBeQuoted() {
        let problem = #expect(throws: UsageProblem.self) {
            try ModelFile.model(of: "fields:\n  - { choices: [1, 2] }", "file.yaml")
        }
        #expect(
            problem?.text == "file.yaml: fields[0].choices[0] is a number" && problem?.cure.contains("quotes") == true)
    }

    /// The server says the number of an entry, which nobody counts.
    @Test(arguments: [
        (
            "model.fields[1].kind", "kind is set on creation only.",
            "fields[1] (account.size): kind is set on creation only."
        ),
        ("model.objects[0].name", "Give another.", "objects[0] (course), name: Give another."),
        ("model.roles[0].grants[2].scope", "No.", "roles[0] (Trainer), grants[2].scope: No."),
        ("model.fields[9].kind", "No.", "fields[9], kind: No."),
    ])
    func refusalsNameTheEntry(_ field: String, _ text: String, _ told: String) {
        let model = WorkspaceModel(
            objects: [ObjectDefinition(name: "course")],
            fields: [FieldDefinition(object: "deal", name: "a"), FieldDefinition(object: "account", name: "size")],
            roles: [Role(displayName: "Trainer")])
        let error = RPCError.invalidArgument("X", text, field: field, domain: "d")
        #expect(ModelPlace.named(error, in: model).message == told)
        let both = RPCError(
            .invalidArgument, reason: "X", "2 fields are wrong.",
            fieldViolations: [error, error].flatMap(\.fieldViolations))
        #expect(ModelPlace.named(both, in: model).fieldViolations.first?.field.hasPrefix("model.") == false)
    }

    /// Nine lists of nine aliases of the one before would be a file of gigabytes.
    @Test func aliasesAreRefusedAndMarksOfTheOrderOfBytesAreNot() throws {
        var lines = ["a0: &a0 [x, x]"]
        for number in 1...9 {
            let all = Array(repeating: "*a\(number - 1)", count: 9).joined(separator: ", ")
            lines.append("a\(number): &a\(number) [\(all)]")
        }
        let problem = #expect(throws: UsageProblem.self) {
            try ModelFile.model(of: lines.joined(separator: "\n"), "bomb.yaml")
        }
        #expect(problem?.text == "bomb.yaml has the alias *a0")
        let model = try ModelFile.model(
            of: "\u{feff}objects:\n  - { name: course, display_name: A & B *bold*, plural_display_name: C }\n",
            "bom.yaml")
        #expect(model.objects.first?.displayName == "A & B *bold*")
        let empty = #expect(throws: UsageProblem.self) { try ModelFile.model(of: " \n", "empty.yaml") }
        #expect(empty?.text == "empty.yaml is no model: it is empty")
    }
}
