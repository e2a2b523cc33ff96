import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Objects that a workspace defines: which there may be, and how services hear of them.
@Suite(.serialized) struct ObjectDefinitionTests {
    private static let project = ObjectDefinition(name: "project", displayName: "Project", pluralDisplayName: "项目")

    private static func model(_ workspace: Workspace) async throws -> TenantModel {
        try #require(PolicySnapshot(try await workspace.policy())).model
    }

    @Test func whatIsDefinedIsPartOfThePolicy() async throws {
        try await inWorkspace { _, workspace in
            let before = try await workspace.epoch()
            let made = try await workspace.create(Self.project)
            let number = try #require(made.number)
            let model = try await Self.model(workspace)
            #expect(
                model.objects == [
                    TenantObject(name: "project", number: number, displayName: "Project", pluralDisplayName: "项目")
                ])
            #expect(try await workspace.epoch() == before + 1)
            try await workspace.update(ObjectDefinition(id: made.id, displayName: "Plan", description: "d"))
            #expect(try await workspace.epoch() == before + 2)
            try await workspace.update(ObjectDefinition(id: made.id, numberFormat: "P-{number:4}"))
            #expect(try await workspace.epoch() == before + 3)
            let numbered = try await Self.model(workspace)
            #expect(numbered.object("custom.project")?.displayName == "Plan")
            #expect(numbered.object("custom.project")?.numberFormat == NumberFormat("P-{number:4}"))
            let room = try await workspace.create(
                ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms", shared: true))
            let both = try await Self.model(workspace)
            #expect(both.objects.map(\.name) == ["project", "room"] && both.object("custom.room")?.isShared == true)
            try await workspace.delete(made)
            let left = try await Self.model(workspace)
            #expect(left.objects.map(\.number) == [room.number])
            // Nothing else gets the name, or what it kept would be seen in something else.
            let again = try await reason { try await workspace.create(Self.project) }
            #expect(again == "OBJECT_NAME_TAKEN")
            try await workspace.restore(made)
            let back = try await Self.model(workspace)
            #expect(back.object("custom.project")?.number == number)
        }
    }

    @Test func whatIsNoObjectIsRefusedByNameRuleAndCure() async throws {
        try await inWorkspace { _, workspace in
            func with(_ change: (inout ObjectDefinition) -> Void) -> ObjectDefinition {
                var object = Self.project
                change(&object)
                return object
            }
            var cases: [(ObjectDefinition, String)] = ["Project", "1a", "项目", "a.b", "_a", "a b", "custom.a"].map {
                name in
                (with { $0.name = name }, "name INVALID_FORMAT")
            }
            cases += ["N", "{number}{number}", "{number:99}", "{n}"].map { format in
                (with { $0.numberFormat = format }, "number_format INVALID_FORMAT")
            }
            cases += [
                (with { $0.name = nil }, "name REQUIRED"), (with { $0.displayName = nil }, "display_name REQUIRED"),
                (with { $0.pluralDisplayName = nil }, "plural_display_name REQUIRED"),
                (with { $0.name = String(repeating: "s", count: 51) }, "name TOO_LONG"),
                (with { $0.numberFormat = "{number}" + String(repeating: "s", count: 50) }, "number_format TOO_LONG"),
            ]
            for (object, expected) in cases {
                let error = try await denial { try await workspace.create(object) }
                let told = error.fieldViolations.map { "\($0.field.split(separator: ".").last ?? "") \($0.reason)" }
                #expect(told.contains(expected), "\(object): \(told)")
            }
            let made = try await workspace.create(Self.project)
            for change in [ObjectDefinition(id: made.id, name: "other"), ObjectDefinition(id: made.id, shared: true)] {
                let fixed = try await reason { try await workspace.update(change) }
                #expect(fixed == "FIELD_IMMUTABLE")
            }
        }
    }

    @Test func fieldsAreAddedToWhatIsDefined() async throws {
        try await inWorkspace { _, workspace in
            let field = FieldDefinition(
                object: "custom.project", name: "budget", kind: .money, displayName: "Budget")
            let early = try await reason { try await workspace.create(field) }
            #expect(early == "FIELD_OBJECT_UNKNOWN")
            let project = try await workspace.create(Self.project)
            try await workspace.create(field)
            let model = try await Self.model(workspace)
            #expect(model.fields(of: "custom.project").map(\.name) == ["budget"])
            try await workspace.delete(project)
            let late = try await reason {
                try await workspace.create(
                    FieldDefinition(object: "custom.project", name: "size", kind: .text, displayName: "Size"))
            }
            #expect(late == "FIELD_OBJECT_UNKNOWN")
        }
    }

    @Test func rolesMayHaveRightsOnThem() async throws {
        try await inWorkspace { _, workspace in
            let grants = ["custom.project", "custom.*"].map { Contracts.Grant(object: $0, action: "read", scope: .own) }
            let policies = [
                Contracts.FieldPolicy(object: "custom.project", field: "custom.budget", access: FieldAccess.none)
            ]
            let role = Role(displayName: "PM", grants: grants, fieldPolicies: policies)
            // A name with a mistake would leave open what it was to hide.
            let early = try await denial { try await workspace.create(role) }
            #expect(
                early.fieldViolations.map(\.field) == [
                    "role.grants[0].object", "role.field_policies[0].object", "role.field_policies[0].field",
                ], "\(early)")
            let project = try await workspace.create(
                ObjectDefinition(name: "project", displayName: "P", pluralDisplayName: "P"))
            let budget = try await workspace.create(
                FieldDefinition(object: "custom.project", name: "budget", kind: .money, displayName: "Budget"))
            let made = try await workspace.create(role)
            #expect(made.grants == grants)
            // What it names may go; the rest of the role is changed all the same.
            try await workspace.delete(budget)
            try await workspace.delete(project)
            try await workspace.update(Role(id: made.id, grants: [grants[0]]), ["grants"])
            let back = try await denial {
                try await workspace.create(Role(displayName: "PM 2", grants: [grants[0]]))
            }
            #expect(back.fieldViolations.map(\.reason) == ["GRANT_INVALID"])
            let wrong = try await reason {
                try await workspace.create(
                    Role(displayName: "X", grants: [Contracts.Grant(object: "custom.No", action: "read", scope: .own)]))
            }
            #expect(wrong == "GRANT_INVALID")
        }
    }

    @Test func aWorkspaceHasSoManyAtMost() async throws {
        try await inWorkspace { _, workspace in
            let all = (0..<TenantModel.objectCountMax).map {
                ObjectDefinition(name: "o\($0)", displayName: "O", pluralDisplayName: "Os")
            }
            for first in stride(from: 0, to: all.count, by: 100) {
                let made = try await workspace.batchCreate(Array(all[first..<min(first + 100, all.count)]))
                #expect(made.results.allSatisfy { $0.code == 0 })
            }
            let more = try await denial { try await workspace.create(Self.project) }
            #expect(more.reason == "OBJECTS_TOO_MANY" && more.message.contains("200"))
        }
    }
}
