import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Views and sharing rules of models, and what is kept of each application and taken back.
@Suite(.serialized) struct ModelVersionTests {
    private static let model = WorkspaceModel(
        objects: [
            ObjectDefinition(
                name: "course", displayName: "Course", pluralDisplayName: "Courses", displayField: "code",
                defaultSharing: .read)
        ],
        fields: [FieldDefinition(object: "custom.course", name: "code", kind: .text, displayName: "代码")],
        roles: [
            Role(
                displayName: "Trainer", grants: [Contracts.Grant(object: "custom.course", action: "read", scope: .all)])
        ],
        views: [
            ModelView(
                object: "custom.course", displayName: "有代码", filterExpression: "custom.code is set",
                columns: ["custom.code"], orderBy: ["custom.code desc"], sharedRoles: ["Trainer"])
        ],
        sharingRules: [
            ModelSharingRule(
                displayName: "Open", object: "custom.course", filterExpression: "custom.code = open", access: .read,
                roles: ["Trainer"])
        ])

    private static func client(_ workspace: Workspace) -> WorkspaceModelServiceClient {
        WorkspaceModelServiceClient(channel: workspace.channel(as: nil, requestID: nil))
    }

    private static func get(_ workspace: Workspace) async throws -> WorkspaceModel {
        try #require(try await client(workspace).getWorkspaceModel(GetWorkspaceModelRequest()).model)
    }

    @discardableResult
    private static func apply(
        _ model: WorkspaceModel, _ workspace: Workspace, seen: Int64? = nil, preview: Bool? = nil
    ) async throws -> ApplyWorkspaceModelResponse {
        try await client(workspace).applyWorkspaceModel(
            ApplyWorkspaceModelRequest(model: model, preview: preview, modelVersion: seen))
    }

    @Test func viewsAndRulesNameWhatTheModelMakes() async throws {
        try await inWorkspace { _, workspace in
            let seen = try await Self.apply(Self.model, workspace, preview: true)
            #expect(seen.modelVersion == 0)
            let done = try await Self.apply(Self.model, workspace)
            #expect(done.changes == seen.changes && done.changes.count == 5 && done.modelVersion == 1)
            let whole = try await Self.get(workspace)
            #expect(whole.views == Self.model.views && whole.sharingRules == Self.model.sharingRules)
            #expect(whole.objects == Self.model.objects)
            try await inWorkspace { _, other in
                try await Self.apply(whole, other)
                let made = try await Self.get(other)
                #expect(made == whole)
            }
            let again = try await Self.apply(whole, workspace)
            #expect(again.changes.isEmpty && again.modelVersion == 1)
        }
    }

    @Test func whatNamesNothingIsRefusedWithItsPlace() async throws {
        try await inWorkspace { _, workspace in
            var cases: [(WorkspaceModel, String, String)] = []
            var model = Self.model
            model.views[0].filterExpression = "custom.code ="
            cases.append((model, "FILTER_SYNTAX", "model.views[0].filter_expression"))
            model = Self.model
            model.views[0].columns = ["custom.colour"]
            cases.append((model, "FIELD_UNKNOWN", "model.views[0].columns"))
            model = Self.model
            model.views[0].sharedRoles = ["Nobody"]
            cases.append((model, "ROLE_UNKNOWN", "model.views[0].shared_roles[0]"))
            model = Self.model
            model.views[0].sharedRoles = []
            cases.append((model, "VIEW_NOT_SHARED", "model.views[0]"))
            model = Self.model
            model.sharingRules[0].filterExpression = "custom.colour = red"
            cases.append((model, "FILTER_FIELD_UNKNOWN", "model.sharing_rules[0].filter_expression"))
            model = Self.model
            model.objects[0].displayField = "colour"
            cases.append((model, "DISPLAY_FIELD_UNKNOWN", "model.objects[0].display_field"))
            model = Self.model
            (model.fields[0].formula, model.views, model.sharingRules) = ("display_name & display_name", [], [])
            cases.append((model, "DISPLAY_FIELD_UNFIT", "model.objects[0].display_field"))
            for (model, reason, place) in cases {
                let error = try await denial { try await Self.apply(model, workspace) }
                #expect(error.reason == reason && error.fieldViolations.map(\.field) == [place], "\(error)")
            }
            let nothing = try await Self.get(workspace)
            #expect(nothing.objects.isEmpty && nothing.views.isEmpty)
        }
    }

    /// Its values are in the names: whoever may not read it would read them once it is not said where they come from.
    @Test func whatGivesNamesStays() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace)
            let object = try #require(try await workspace.list(ObjectDefinition.self).first)
            for edit in [nil, "title"] {
                let error = try await denial {
                    try await workspace.update(
                        ObjectDefinition(id: object.id, displayField: edit), ["display_field"])
                }
                #expect(error.reason == "FIELD_IMMUTABLE")
            }
            var model = Self.model
            (model.views, model.sharingRules) = ([], [])
            _ = try await Self.client(workspace).undoWorkspaceModel(UndoWorkspaceModelRequest())
            try await Self.apply(model, workspace)
            let field = try #require(try await workspace.list(FieldDefinition.self).first)
            let error = try await denial { try await workspace.delete(field) }
            #expect(error.reason == "FIELD_IN_USE")
        }
    }

    @Test func undoneIsAsBefore() async throws {
        try await inWorkspace { _, workspace in
            let before = try await Self.get(workspace)
            try await Self.apply(Self.model, workspace)
            var changed = Self.model
            changed.fields[0].displayName = "Code"
            changed.roles[0].grants = [Contracts.Grant(object: "account", action: "read", scope: .own)]
            try await Self.apply(changed, workspace)
            let client = Self.client(workspace)
            let second = try await client.undoWorkspaceModel(UndoWorkspaceModelRequest(version: 2))
            #expect(second.undoneVersion == 2 && second.modelVersion == 3 && second.changes.count == 2)
            let whole = try await Self.get(workspace)
            #expect(whole.fields == Self.model.fields && whole.roles.contains(Self.model.roles[0]))
            let first = try await client.undoWorkspaceModel(UndoWorkspaceModelRequest())
            #expect(first.undoneVersion == 1 && first.changes.allSatisfy { $0.deleted == true })
            let now = try await Self.get(workspace)
            #expect(now == before)
            let none = try await reason { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(none == "MODEL_VERSION_UNKNOWN")
            let versions = try await client.listWorkspaceModelVersions(ListWorkspaceModelVersionsRequest()).versions
            #expect(versions.compactMap(\.version) == [4, 3, 2, 1])
            #expect(versions.map(\.undoingVersion) == [nil, nil, 3, 4])
            // What was undone can be made again.
            let again = try await Self.apply(Self.model, workspace)
            #expect(again.changes.count == 5)
        }
    }

    @Test func twoAdminsAtOnceAreTold() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace, seen: 0)
            var changed = Self.model
            changed.fields[0].displayName = "Code"
            let late = try await denial { try await Self.apply(changed, workspace, seen: 0) }
            #expect(late.code == .aborted && late.reason == "MODEL_VERSION_CONFLICT", "\(late)")
            try await Self.apply(changed, workspace, seen: 1)
            let client = Self.client(workspace)
            let wrong = try await reason { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest(version: 1)) }
            #expect(wrong == "MODEL_VERSION_CONFLICT")
            let field = try #require(try await workspace.list(FieldDefinition.self).first)
            try await workspace.update(FieldDefinition(id: field.id, displayName: "Key"))
            let since = try await denial { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(since.code == .aborted && since.reason == "MODEL_CHANGED", "\(since)")
        }
    }

    @Test func nothingIsLost() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let customer = try #require(identity.services[.customer])
            try await Self.apply(Self.model, workspace)
            customer.usesModel(12)
            let client = Self.client(workspace)
            let error = try await denial { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(error.reason == "MODEL_IN_USE" && error.message.contains("custom.course (12)"), "\(error)")
            customer.goAway(true)
            let away = try await denial { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(away.code == .unavailable)
            let kept = try await Self.get(workspace)
            #expect(kept.objects == Self.model.objects)
        }
    }
}
