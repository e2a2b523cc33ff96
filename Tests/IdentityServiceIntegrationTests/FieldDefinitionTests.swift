import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Fields that a workspace adds to its records: who may, which, and how services hear of them.
@Suite(.serialized) struct FieldDefinitionTests {
    private static let size = FieldDefinition(
        object: "account", name: "size", kind: .wholeNumber, displayName: "规模", valueMin: 0)

    private static func model(_ workspace: Workspace) async throws -> [TenantField] {
        try #require(PolicySnapshot(try await workspace.policy())).model.fields(of: "account")
    }

    @Test func whatIsDefinedIsPartOfThePolicy() async throws {
        try await inWorkspace { _, workspace in
            let before = try await workspace.epoch()
            let made = try await workspace.create(Self.size)
            let number = try #require(made.number)
            #expect(
                try await Self.model(workspace) == [
                    TenantField(
                        object: "account", number: number, name: "size", kind: .wholeNumber, range: 0...Int64.max,
                        displayName: "规模")
                ])
            #expect(try await workspace.epoch() == before + 1)
            // Forms are made of the model, so what people call a field is in it.
            try await workspace.update(FieldDefinition(id: made.id, displayName: "Employees", description: "d"))
            #expect(try await workspace.epoch() == before + 2)
            let named = try await Self.model(workspace).first
            #expect(named?.displayName == "Employees" && named?.description == "d")
            try await workspace.update(FieldDefinition(id: made.id, required: true, valueMax: 9))
            #expect(try await workspace.epoch() == before + 3)
            try await workspace.update(FieldDefinition(id: made.id, valueMin: 1))
            #expect(try await Self.model(workspace).first?.range == 1...9)
            try await workspace.update(FieldDefinition(id: made.id, valueMin: 0))
            let text = try await workspace.create(
                FieldDefinition(object: "account", name: "code", kind: .text, displayName: "c", lengthMax: 5))
            let choice = try await workspace.create(
                FieldDefinition(object: "account", name: "colour", kind: .choice, displayName: "c", choices: ["a"]))
            try await workspace.update(FieldDefinition(id: text.id, lengthMax: 7))
            try await workspace.update(FieldDefinition(id: choice.id, choices: ["a", "b"]))
            #expect(try await Self.model(workspace).map(\.lengthMax) == [nil, 7, nil])
            #expect(try await Self.model(workspace).last?.choices == ["a", "b"])
            for field in [text, choice] { try await workspace.delete(field) }
            #expect(try await Self.model(workspace).first?.isRequired == true)
            #expect(try await Self.model(workspace).first?.range == 0...9)
            try await workspace.delete(made)
            #expect(try await Self.model(workspace) == [])
            // Another one of the name has a number of its own, so that no value comes up again.
            let next = try await workspace.create(Self.size)
            #expect(next.number ?? 0 > number)
            #expect(try await reason { try await workspace.restore(made) } == "FIELD_NAME_TAKEN")
            try await workspace.delete(next)
            #expect(try await workspace.restore(made).number == number)
            #expect(try await Self.model(workspace).map(\.number) == [number])
        }
    }

    @Test func whatIsNoFieldIsRefusedByNameRuleAndCure() async throws {
        try await inWorkspace { _, workspace in
            func with(_ change: (inout FieldDefinition) -> Void) -> FieldDefinition {
                var field = Self.size
                change(&field)
                return field
            }
            // Closures stay out of #expect.
            var cases: [(FieldDefinition, String)] = ["accounts", "user", "field_definition", "*"].map { object in
                (with { $0.object = object }, "object FIELD_OBJECT_UNKNOWN")
            }
            cases += ["Size", "1size", "größe", "size.x", "_size", "size'"].map { name in
                (with { $0.name = name }, "name INVALID_FORMAT")
            }
            cases += [
                (with { $0.name = String(repeating: "s", count: 51) }, "name TOO_LONG"),
                (with { $0.kind = nil }, "kind REQUIRED"), (with { $0.kind = .unspecified }, "kind UNSPECIFIED"),
                (with { $0.kind = FieldKind(rawValue: 99) }, "kind UNKNOWN_VALUE"),
                (with { ($0.valueMin, $0.valueMax) = (2, 1) }, "value_max OUT_OF_RANGE"),
                (with { $0.lengthMax = 5 }, "length_max NOT_APPLICABLE"),
                (with { $0.choices = ["a"] }, "choices NOT_APPLICABLE"),
                (with { ($0.kind, $0.valueMin) = (.choice, nil) }, "choices REQUIRED"),
                (with { ($0.kind, $0.valueMin, $0.choices) = (.choices, nil, ["a", "a"]) }, "choices DUPLICATE"),
                (with { $0.kind = .text }, "value_min NOT_APPLICABLE"),
                (with { ($0.kind, $0.valueMin, $0.lengthMax) = (.text, nil, 1_001) }, "length_max OUT_OF_RANGE"),
            ]
            for (field, expected) in cases {
                let violations = try await denial { try await workspace.create(field) }.fieldViolations
                let told = violations.map { "\($0.field.replacing("field_definition.", with: "")) \($0.reason)" }
                #expect(told == [expected], "\(field)")
            }
            #expect(try await Self.model(workspace) == [])
            let made = try await workspace.create(Self.size)
            #expect(try await reason { try await workspace.create(Self.size) } == "FIELD_NAME_TAKEN")
            for change in [
                FieldDefinition(id: made.id, object: "contact"), FieldDefinition(id: made.id, name: "other"),
                FieldDefinition(id: made.id, kind: .text),
            ] {
                #expect(try await reason { try await workspace.update(change) } == "FIELD_IMMUTABLE")
            }
        }
    }

    @Test func aReferenceNamesRecordsOfTheSameService() async throws {
        try await inWorkspace { _, workspace in
            func reference(_ object: String?, to named: String?, _ name: String = "r") -> FieldDefinition {
                FieldDefinition(
                    object: object, name: name, kind: .reference, displayName: "R", referenceObject: named)
            }
            try await workspace.create(
                ObjectDefinition(name: "supplier", displayName: "Supplier", pluralDisplayName: "Suppliers"))
            let named = [
                ("account", "contact"), ("account", "custom.supplier"), ("custom.supplier", "lead"),
                ("custom.supplier", "custom.supplier"), ("deal", "stage"), ("deal", "user"), ("contact", "department"),
            ]
            for (index, (object, named)) in named.enumerated() {
                try await workspace.create(reference(object, to: named, "r\(index)"))
            }
            let ofAccounts = try await Self.model(workspace).map(\.referenceObject)
            #expect(ofAccounts == named.filter { $0.0 == "account" }.map(\.1))
            var cases = [("account", "deal"), ("deal", "account"), ("deal", "custom.supplier"), ("account", "role")].map
            {
                (reference($0, to: $1), "reference_object FIELD_OBJECT_UNKNOWN")
            }
            var (text, valued, precise) = (
                reference("account", to: "lead"), reference("account", to: "lead"), Self.size
            )
            text.kind = .text
            valued.defaultValue = CustomField(stringValue: RecordID.make().text)
            precise.decimals = 2
            cases += [
                (reference("account", to: nil), "reference_object REQUIRED"),
                (text, "reference_object NOT_APPLICABLE"), (valued, "default_value NOT_APPLICABLE"),
                (precise, "decimals NOT_APPLICABLE"),
            ]
            for (field, expected) in cases {
                let violations = try await denial { try await workspace.create(field) }.fieldViolations
                let told = violations.map { "\($0.field.replacing("field_definition.", with: "")) \($0.reason)" }
                #expect(told == [expected], "\(field)")
            }
            let gone = try await reason { try await workspace.create(reference("account", to: "custom.gone")) }
            #expect(gone == "FIELD_OBJECT_UNKNOWN")
        }
    }

    @Test func whatAFieldGivesAndDemandsIsPartOfThePolicy() async throws {
        try await inWorkspace { _, workspace in
            let made = try await workspace.create(
                FieldDefinition(
                    object: "account", name: "code", kind: .text, displayName: "Code",
                    defaultValue: CustomField(stringValue: "AB-1"), readOnly: true, pattern: "[A-Z]{2}-\\d+",
                    patternMessage: "Two capitals",
                    labels: [
                        FieldLabel(languageCode: "zh", displayName: "编号", description: "说明"),
                        FieldLabel(languageCode: "de-AT", displayName: "Nummer"),
                    ]))
            let field = try #require(try await Self.model(workspace).first)
            #expect(
                field
                    == TenantField(
                        object: "account", number: try #require(made.number), name: "code", kind: .text,
                        displayName: "Code",
                        labels: [
                            TenantLabel(language: "zh", displayName: "编号", description: "说明"),
                            TenantLabel(language: "de-AT", displayName: "Nummer"),
                        ], defaultValue: .text("AB-1"), isReadOnly: true, pattern: "[A-Z]{2}-\\d+",
                        patternMessage: "Two capitals"))
            let epoch = try await workspace.epoch()
            try await workspace.update(
                FieldDefinition(id: made.id, labels: [FieldLabel(languageCode: "fr", displayName: "c")]))
            #expect(try await workspace.epoch() == epoch + 1)
            let defaults: [(FieldKind, CustomField, TenantValue)] = [
                (.wholeNumber, CustomField(intValue: 7), .integer(7)),
                (.number, CustomField(doubleValue: 0.5), .number(0.5)),
                (.number, CustomField(intValue: 2), .integer(2)), (.yesNo, CustomField(boolValue: false), .flag(false)),
                (.time, CustomField(timeValue: Timestamp(microseconds: 1)), .time(Timestamp(microseconds: 1))),
                (
                    .money, CustomField(moneyValue: Money(currencyCode: "EUR", minorUnits: 7)),
                    .money(minorUnits: 7, currency: "EUR")
                ),
                (.date, CustomField(stringValue: "2026-12-02"), .text("2026-12-02")),
            ]
            for (index, (kind, value, told)) in defaults.enumerated() {
                try await workspace.create(
                    FieldDefinition(
                        object: "account", name: "d\(index)", kind: kind, displayName: "d", defaultValue: value))
                #expect(try await Self.model(workspace).last?.defaultValue == told)
            }
            let choices = try await workspace.create(
                FieldDefinition(
                    object: "account", name: "d", kind: .choices, displayName: "d", choices: ["a", "b"],
                    defaultValue: CustomField(stringValues: ["b"])))
            #expect(try await Self.model(workspace).last?.defaultValue == .texts(["b"]))
            // A default is a value of the field as it is: what is to choose from is not taken away below it.
            let refused = try await denial {
                try await workspace.update(FieldDefinition(id: choices.id, choices: ["a", "c"]))
            }
            #expect(
                refused.fieldViolations.map { "\($0.field) \($0.reason)" } == [
                    "field_definition.default_value UNKNOWN_VALUE"
                ])
        }
    }

    @Test func aFieldBecomesUniqueWhenItsValuesAre() async throws {
        try await inWorkspace { identity, workspace in
            let customer = try #require(identity.services[.customer])
            defer {
                customer.repeatsValues(false)
                customer.goAway(false)
            }
            let made = try await workspace.create(
                FieldDefinition(object: "account", name: "code", kind: .text, displayName: "Code"))
            let unique = FieldDefinition(id: made.id, unique: true)
            customer.repeatsValues(true)
            let repeated = try await denial { try await workspace.update(unique) }
            #expect(repeated.reason == "VALUES_REPEATED" && repeated.message.contains("\"ab-1\" (one, two)"))
            #expect(repeated.details.contains { $0.key == "count" && $0.value == "2" })
            customer.goAway(true)
            #expect(try await denial { try await workspace.update(unique) }.code == .unavailable)
            #expect(try await Self.model(workspace).first?.isUnique == false)
            customer.goAway(false)
            customer.repeatsValues(false)
            let batch = try await workspace.batchUpdate([UpdateRequest(record: unique)])
            #expect(batch.results.map(\.reason) == ["UNIQUE_NOT_PREPARED"])
            try await workspace.update(unique)
            #expect(try await Self.model(workspace).first?.isUnique == true)
            // Once it is so, nobody needs to look again.
            customer.goAway(true)
            try await workspace.update(FieldDefinition(id: made.id, displayName: "No.", unique: true))
            customer.goAway(false)
            try await workspace.delete(made)
            #expect(try await workspace.restore(made).unique == nil)
            // A field that is new has no values.
            customer.repeatsValues(true)
            try await workspace.create(
                FieldDefinition(object: "account", name: "mail", kind: .email, displayName: "Mail", unique: true))
            #expect(try await Self.model(workspace).last?.isUnique == true)
            let model = WorkspaceModelServiceClient(channel: workspace.channel(as: nil, requestID: nil))
            let applied = try await denial {
                try await model.applyWorkspaceModel(
                    ApplyWorkspaceModelRequest(
                        model: WorkspaceModel(fields: [
                            FieldDefinition(
                                object: "account", name: "code", kind: .text, displayName: "Code", unique: true)
                        ])))
            }
            #expect(applied.reason == "VALUES_REPEATED")
            customer.repeatsValues(false)
            _ = try await model.applyWorkspaceModel(
                ApplyWorkspaceModelRequest(
                    model: WorkspaceModel(fields: [
                        FieldDefinition(object: "account", name: "code", kind: .text, displayName: "Code", unique: true)
                    ])))
            #expect(try await Self.model(workspace).map(\.isUnique) == [true, true])
            for (kind, field) in [(FieldKind.choices, "unique"), (.text, "default_value")] {
                var wrong = FieldDefinition(
                    object: "account", name: "x", kind: kind, displayName: "x", choices: kind == .choices ? ["a"] : [])
                wrong.unique = true
                if kind == .text { wrong.defaultValue = CustomField(stringValue: "a") }
                let refused = try await denial { try await workspace.create(wrong) }
                #expect(
                    refused.fieldViolations.map { "\($0.field) \($0.reason)" } == [
                        "field_definition.\(field) NOT_APPLICABLE"
                    ])
            }
        }
    }

    @Test func defaultsPatternsAndLabelsThatDoNotFitAreRefused() async throws {
        try await inWorkspace { _, workspace in
            func text(_ change: (inout FieldDefinition) -> Void) -> FieldDefinition {
                var field = FieldDefinition(object: "account", name: "code", kind: .text, displayName: "Code")
                change(&field)
                return field
            }
            func size(_ value: CustomField) -> FieldDefinition {
                var field = Self.size
                field.defaultValue = value
                return field
            }
            let label = FieldLabel(languageCode: "zh", displayName: "编号")
            let cases: [(FieldDefinition, String)] = [
                (size(CustomField(intValue: -1)), "default_value OUT_OF_RANGE"),
                (size(CustomField(stringValue: "7")), "default_value CUSTOM_FIELD_KIND"),
                (size(CustomField(intValue: 7, boolValue: true)), "default_value CUSTOM_FIELD_KIND"),
                (size(CustomField()), "default_value REQUIRED"),
                (size(CustomField(name: "size", intValue: 7)), "default_value.name NOT_APPLICABLE"),
                (text { $0.defaultValue = CustomField(stringValue: " ") }, "default_value REQUIRED"),
                (
                    text { ($0.lengthMax, $0.defaultValue) = (2, CustomField(stringValue: "abc")) },
                    "default_value TOO_LONG"
                ),
                (
                    text { ($0.pattern, $0.defaultValue) = ("a+", CustomField(stringValue: "b")) },
                    "default_value INVALID_FORMAT"
                ),
                (text { $0.pattern = "a(b" }, "pattern INVALID_FORMAT"),
                (text { $0.pattern = String(repeating: "a", count: 501) }, "pattern TOO_LONG"),
                (text { $0.patternMessage = "m" }, "pattern_message NOT_APPLICABLE"),
                (text { ($0.kind, $0.pattern) = (.date, "1.*") }, "pattern NOT_APPLICABLE"),
                (text { $0.labels = [label, label] }, "labels[1].language_code DUPLICATE"),
                (
                    text { $0.labels = [FieldLabel(languageCode: "中文", displayName: "编号")] },
                    "labels[0].language_code INVALID_FORMAT"
                ),
                (text { $0.labels = [FieldLabel(languageCode: "zh")] }, "labels[0].display_name REQUIRED"),
                (text { $0.labels = Array(repeating: label, count: 21) }, "labels TOO_MANY"),
            ]
            for (field, expected) in cases {
                let violations = try await denial { try await workspace.create(field) }.fieldViolations
                let told = violations.map { "\($0.field.replacing("field_definition.", with: "")) \($0.reason)" }
                #expect(told == [expected], "\(violations)")
            }
            let place = try await denial { try await workspace.create(text { $0.pattern = "ab[c" }) }
            #expect(place.fieldViolations.first?.description.contains("at character 4") == true)
        }
    }

    @Test func aKindOfRecordsHas200AtMostHoweverTheyCome() async throws {
        try await inWorkspace { _, workspace in
            func fields(_ numbers: Range<Int>) -> [FieldDefinition] {
                numbers.map {
                    FieldDefinition(object: "account", name: "f\($0)", kind: .text, displayName: "Field \($0)")
                }
            }
            try await workspace.batchCreate(fields(0..<95))
            try await workspace.batchCreate(fields(95..<190))
            let batch = try await workspace.batchCreate(fields(190..<205))
            #expect(batch.records.count == 10)
            #expect(batch.results.filter { $0.reason == "FIELDS_TOO_MANY" }.map(\.index) == [10, 11, 12, 13, 14])
            #expect(try await reason { try await workspace.create(Self.size) } == "FIELDS_TOO_MANY")
            #expect(try await Self.model(workspace).count == 200)
            var contact = Self.size
            contact.object = "contact"
            try await workspace.create(contact)
            let gone = try #require(batch.records.first)
            try await workspace.delete(gone)
            let last = try await workspace.create(fields(899..<900)[0])
            #expect(try await reason { try await workspace.restore(gone) } == "FIELDS_TOO_MANY")
            try await workspace.delete(last)
            // Of several at once one finds room.
            let outcomes = await withTaskGroup(of: String?.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        do {
                            return try await reason {
                                try await workspace.create(fields(900 + number..<901 + number)[0])
                            }
                        } catch { return "\(error)" }
                    }
                }
                return await group.reduce(into: [String?]()) { $0.append($1) }
            }
            #expect(outcomes.filter { $0 == nil }.count == 1, "\(outcomes)")
            #expect(outcomes.filter { $0 == "FIELDS_TOO_MANY" }.count == 3)
        }
    }

    /// A policy is one message: a model that fills it would leave the workspace without rights.
    @Test func allFieldsTogetherHaveALimit() async throws {
        try await inWorkspace { _, workspace in
            func field(_ number: Int) -> FieldDefinition {
                FieldDefinition(
                    object: "account", name: "c\(number)", kind: .choice, displayName: "C",
                    choices: (0..<200).map { "\($0)" + String(repeating: "选", count: 90) })
            }
            let made = try await workspace.batchCreate((0..<9).map(field))
            #expect(made.records.count == 9)
            #expect(try await reason { try await workspace.create(field(9)) } == "MODEL_TOO_LARGE")
            let small = try await workspace.create(
                FieldDefinition(object: "deal", name: "c", kind: .choice, displayName: "C", choices: ["a"]))
            var grown = field(0)
            (grown.id, grown.object, grown.name, grown.kind) = (small.id, nil, nil, nil)
            #expect(try await reason { try await workspace.update(grown) } == "MODEL_TOO_LARGE")
            #expect(try await Self.model(workspace).count == 9)
        }
    }

    @Test func aFormulaIsCheckedWhenItIsDefined() async throws {
        try await inWorkspace { _, workspace in
            func field(_ name: String, _ kind: FieldKind, _ formula: String?) -> FieldDefinition {
                FieldDefinition(object: "account", name: name, kind: kind, displayName: name, formula: formula)
            }
            let size = try await workspace.create(field("size", .wholeNumber, nil))
            func refused(_ formula: String, _ kind: FieldKind = .number) async throws -> String? {
                let error = try await refusal { try await workspace.create(field("f", kind, formula)) }
                return error.map { "\($0.reason) \($0.fieldViolations.map(\.description).joined())" }
            }
            #expect(
                try await refused("custom.size * nothing") == "FORMULA_INVALID At character 15 of the formula: "
                    + "there is no field nothing that a formula can use.")
            #expect(
                try await refused("display_name", .number)
                    == "FORMULA_INVALID At character 1 of the formula: it gives a text, and the field holds a number.")
            #expect(try await refused("custom.size *")?.hasPrefix("FORMULA_INVALID At character 14") == true)
            #expect(try await refused("custom.f + 1")?.contains("custom.f") == true)
            #expect(try await refused("custom.size", .choice)?.contains("formula") == true)
            var unique = field("f", .number, "custom.size")
            unique.unique = true
            #expect(
                try await refusal { try await workspace.create(unique) }?.fieldViolations.first?.field
                    == "field_definition.unique")
            let twice = try await workspace.create(field("twice", .number, "custom.size * 2"))
            let four = try await workspace.create(field("four", .number, "custom.twice * 2"))
            #expect(try await Self.model(workspace).map(\.formula) == [nil, "custom.size * 2", "custom.twice * 2"])
            // A ring, closed by a change.
            let ring = try await refusal {
                try await workspace.update(FieldDefinition(id: twice.id, formula: "custom.four / 2"))
            }
            #expect(ring?.reason == "FORMULA_INVALID")
            // What is used stays.
            #expect(try await reason { try await workspace.delete(size) } == "FIELD_IN_USE")
            #expect(try await reason { try await workspace.delete(twice) } == "FIELD_IN_USE")
            #expect(
                try await reason { try await workspace.update(FieldDefinition(id: size.id, formula: "1 + 1")) }
                    == "FIELD_IMMUTABLE")
            #expect(
                try await reason { try await workspace.update(FieldDefinition(id: four.id), ["formula"]) }
                    == "FIELD_IMMUTABLE")
            for field in [four, twice, size] { try await workspace.delete(field) }
            // Nor does one come back whose fields are gone.
            #expect(try await reason { try await workspace.restore(twice) } == "FORMULA_INVALID")
            try await workspace.restore(size)
            try await workspace.restore(twice)
            let long = String(repeating: "1+", count: 490) + "1"
            try await workspace.create(field("long", .wholeNumber, long))
            #expect(
                try await reason { try await workspace.create(field("more", .wholeNumber, long)) }
                    == "FORMULAS_TOO_LARGE")
        }
    }

    @Test func whoMayNotChangeTheModelReadsIt() async throws {
        try await inWorkspace { _, workspace in
            let made = try await workspace.create(Self.size)
            let rep = try await workspace.addUser("rep", roles: ["Sales rep"])
            #expect(try await workspace.list(FieldDefinition.self, as: rep).map(\.name) == ["size"])
            #expect(try await reason { try await workspace.create(Self.size, as: rep) } == "PERMISSION_MISSING")
            #expect(
                try await reason {
                    try await workspace.update(FieldDefinition(id: made.id, displayName: "x"), as: rep)
                } == "PERMISSION_MISSING")
        }
    }

    /// Whoever has less than all of a field gives nobody all.
    @Test func policiesOnFieldsThatAreAddedCannotBeWidened() async throws {
        try await inWorkspace { _, workspace in
            let hidden = Contracts.FieldPolicy(object: "account", field: "custom.salary", access: FieldAccess.none)
            try await workspace.create(
                FieldDefinition(object: "account", name: "salary", kind: .money, displayName: "Salary"))
            let rights = ["account.read", "account.update", "role.read", "role.create", "role.update"].map { right in
                let parts = right.split(separator: ".").map(String.init)
                return grant(parts[0], parts[1], .all)
            }
            let clerkRole = try await workspace.create(
                Role(displayName: "Clerk", grants: rights, fieldPolicies: [hidden]))
            let clerk = try await workspace.makeUser("clerk", roles: [clerkRole.id ?? ""])
            let wide = Role(displayName: "Wide", grants: [grant("account", "read", .all)])
            #expect(try await reason { try await workspace.create(wide, as: clerk) } == "RIGHTS_EXCEEDED")
            var narrow = wide
            narrow.fieldPolicies = [hidden]
            try await workspace.create(narrow, as: clerk)
            #expect(
                try await reason {
                    try await workspace.update(Role(id: clerkRole.id), ["field_policies"], as: clerk)
                } == "RIGHTS_EXCEEDED")
            for policy in [
                Contracts.FieldPolicy(object: "account", field: "custom.", access: FieldAccess.none),
                Contracts.FieldPolicy(object: "role", field: "custom.salary", access: FieldAccess.none),
            ] {
                let refused = try await denial {
                    try await workspace.create(Role(displayName: "X", fieldPolicies: [policy]))
                }
                #expect(refused.fieldViolations.map(\.reason) == ["FIELD_POLICY_INVALID"])
            }
        }
    }
}
