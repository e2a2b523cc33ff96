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
