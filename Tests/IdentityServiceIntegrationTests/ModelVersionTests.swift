import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing
import Wire

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

    @Test func aRuleByWhichRecordsFollowIsPartOfAModel() async throws {
        try await inWorkspace { _, workspace in
            var model = WorkspaceModel(
                objects: [ObjectDefinition(name: "site", displayName: "Site", pluralDisplayName: "Sites")],
                fields: [
                    FieldDefinition(object: "custom.site", name: "owner", kind: .reference, displayName: "Owner")
                ],
                sharingRules: [
                    ModelSharingRule(
                        displayName: "Sites", object: "custom.site", filterExpression: "id is set", access: .write,
                        parentObject: "account")
                ])
            model.fields[0].referenceObject = "account"
            try await Self.apply(model, workspace)
            let kept = try await Self.get(workspace)
            #expect(kept.sharingRules == model.sharingRules)
            let again = try await Self.apply(model, workspace, preview: true)
            #expect(again.changes.isEmpty)
            var wrong = model
            wrong.sharingRules[0].displayName = "Others"
            wrong.sharingRules[0].parentObject = "contact"
            let error = try await denial { try await Self.apply(wrong, workspace) }
            #expect(error.fieldViolations.map(\.reason) == ["PARENT_NOT_NAMED"], "\(error)")
            #expect(error.fieldViolations.map(\.field) == ["model.sharing_rules[0].parent_object"])
        }
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

    /// The answer to the first was lost on the way: the same is told again, and nothing else is taken back.
    @Test func aRepeatedUndoIsDoneOnce() async throws {
        for named in [true, false] {
            try await inWorkspace(ofItsOwn: true) { identity, workspace in
                let customer = try #require(identity.services[.customer])
                try await Self.apply(Self.model, workspace)
                var changed = Self.model
                changed.fields[0].displayName = "Code"
                (changed.settings, changed.roles) = (WorkspaceSettings(timeZone: "Asia/Shanghai"), [])
                try await Self.apply(changed, workspace)
                func repeated(_ version: Int64) async throws -> UndoWorkspaceModelResponse {
                    let channel = workspace.channel(as: nil, requestID: RecordID.make().text)
                    let client = WorkspaceModelServiceClient(channel: channel)
                    let request = UndoWorkspaceModelRequest(version: named ? version : nil)
                    let first = try await client.undoWorkspaceModel(request)
                    customer.usesModel(12)
                    let second = try await client.undoWorkspaceModel(request)
                    customer.usesModel(0)
                    let third = try await client.undoWorkspaceModel(request)
                    #expect(first == second && first == third)
                    let other = try await reason {
                        try await client.undoWorkspaceModel(UndoWorkspaceModelRequest(version: 99))
                    }
                    #expect(other == "REQUEST_ID_REUSED")
                    return first
                }
                let second = try await repeated(2)
                #expect(second.undoneVersion == 2 && second.modelVersion == 3)
                let kept = try await Self.get(workspace)
                #expect(kept.fields == Self.model.fields)
                let first = try await repeated(1)
                #expect(first.undoneVersion == 1 && first.modelVersion == 4)
            }
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

    /// Of two who undo at once the second takes back what he asked about, or nothing.
    @Test func twoUndosAtOnceTakeOneVersionBack() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let customer = try #require(identity.services[.customer])
            try await Self.apply(Self.model, workspace)
            var more = Self.model
            more.objects.append(ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms"))
            try await Self.apply(more, workspace)
            let client = Self.client(workspace)
            customer.whileAskedForUses {
                let first = try await Self.client(workspace).undoWorkspaceModel(UndoWorkspaceModelRequest())
                #expect(first.undoneVersion == 2)
            }
            let second = try await reason { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(second == "MODEL_VERSION_CONFLICT")
            let kept = try await Self.get(workspace)
            #expect(kept.objects == Self.model.objects)
        }
    }

    @Test func nobodyOpensWhatHeMayNotDo() async throws {
        try await inWorkspace { _, workspace in
            var model = Self.model
            (model.objects[0].defaultSharing, model.views, model.sharingRules) = (nil, [], [])
            try await Self.apply(model, workspace)
            let object = try #require(try await workspace.list(ObjectDefinition.self).first)
            let models = ["object_definition", "choice_list", "field_definition", "role"].flatMap { name in
                ["read", "create", "update"].map { Contracts.Grant(object: name, action: $0, scope: .all) }
            }
            func maker(_ name: String, read: GrantScope, update: GrantScope) async throws -> UserID {
                let grants = [
                    Contracts.Grant(object: "custom.course", action: "read", scope: read),
                    Contracts.Grant(object: "custom.course", action: "update", scope: update),
                ]
                let role = try await workspace.makeRole("\(name) opener", models + grants)
                return try await workspace.makeUser(name, roles: [role])
            }
            let narrow = try await maker("narrow", read: .own, update: .own)
            let reader = try await maker("reader", read: .all, update: .own)
            let whole = try await maker("whole", read: .all, update: .all)
            func opened(_ sharing: DefaultSharing, as user: UserID) async throws -> String? {
                try await reason {
                    try await workspace.update(
                        ObjectDefinition(id: object.id, defaultSharing: sharing), ["default_sharing"], as: user)
                }
            }
            var byModel = model
            byModel.objects[0].defaultSharing = .read
            let applied = try await denial {
                try await WorkspaceModelServiceClient(channel: workspace.channel(as: narrow, requestID: nil))
                    .applyWorkspaceModel(ApplyWorkspaceModelRequest(model: WorkspaceModel(objects: byModel.objects)))
            }
            #expect(applied.reason == "RIGHTS_EXCEEDED", "\(applied)")
            let outcomes = [
                try await opened(.read, as: narrow), try await opened(.write, as: reader),
                try await opened(.read, as: reader), try await opened(.write, as: reader),
                try await opened(.write, as: whole), try await opened(.read, as: narrow),
                try await opened(.private, as: narrow),
            ]
            #expect(outcomes == ["RIGHTS_EXCEEDED", "RIGHTS_EXCEEDED", nil, "RIGHTS_EXCEEDED", nil, nil, nil])
        }
    }

    /// A name that is another field's value tells as much as that field.
    @Test func aRuleByTheNameIsOneByItsField() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace)
            let rep = try await workspace.roleID("Sales rep")
            let grants = ["read", "update"].map { Contracts.Grant(object: "custom.course", action: $0, scope: .all) }
            var role = Role(
                displayName: "blind",
                grants: grants + [Contracts.Grant(object: "sharing_rule", action: "create", scope: .all)])
            role.fieldPolicies = [FieldPolicy(object: "custom.course", field: "custom.code", access: FieldAccess.none)]
            let blind = try await workspace.makeUser(
                "blind", roles: [try #require(try await workspace.create(role).id)])
            for filter in ["display_name = secret", "display_name ^= s", "display_name ~ secret"] {
                let error = try await denial {
                    try await workspace.create(
                        SharingRule(
                            displayName: "by name", object: "custom.course", filterExpression: filter, access: .read,
                            roleIDs: [rep]), as: blind)
                }
                #expect(error.reason == "RIGHTS_EXCEEDED", "\(error)")
            }
        }
    }

    /// Who applied a model without settings needs no right to change these to take it back.
    @Test func undoingNeedsTheRightsOfWhatIsUndone() async throws {
        try await inWorkspace { _, workspace in
            let grants = ["object_definition", "choice_list", "field_definition", "role"].flatMap { name in
                ["read", "create", "update", "delete"].map { Contracts.Grant(object: name, action: $0, scope: .all) }
            }
            let modeller = try await workspace.makeUser("modeller", roles: [workspace.makeRole("modeller", grants)])
            let client = WorkspaceModelServiceClient(channel: workspace.channel(as: modeller, requestID: nil))
            let room = ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms")
            _ = try await client.applyWorkspaceModel(
                ApplyWorkspaceModelRequest(model: WorkspaceModel(objects: [room])))
            let undone = try await client.undoWorkspaceModel(UndoWorkspaceModelRequest())
            #expect(undone.undoneVersion == 1)
            try await Self.apply(
                WorkspaceModel(settings: WorkspaceSettings(timeZone: "Asia/Shanghai")), workspace)
            let refused = try await denial { try await client.undoWorkspaceModel(UndoWorkspaceModelRequest()) }
            #expect(refused.reason == "PERMISSION_MISSING", "\(refused)")
        }
    }

    @Test func oldVersionsGoAndPagesAreBounded() async throws {
        try await inWorkspace { identity, workspace in
            func apply(_ name: String) async throws {
                try await Self.apply(
                    WorkspaceModel(objects: [
                        ObjectDefinition(name: name, displayName: name, pluralDisplayName: name)
                    ]), workspace)
            }
            func move(_ version: Int64, to place: Int64) async throws {
                _ = try await identity.tamper(
                    "UPDATE \(workspace.schema).model_versions SET version = \(place) WHERE version = \(version)")
            }
            try await apply("one")
            try await move(1, to: 41)
            try await apply("two")
            try await move(42, to: 240)
            try await apply("three")
            // A change of 2 MiB: the pages of three of them have one each.
            let change = WorkspaceModelVersion(changes: [
                ModelChange(object: "object_definition", name: String(repeating: "课", count: 300))
            ]).encoded()
            let hex = change.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try await apply("four")
            _ = try await identity.tamper(
                """
                UPDATE \(workspace.schema).model_versions
                SET changes = decode(repeat('\(hex)', \((2 << 20) / change.count)), 'hex')
                """)
            var (pages, token): ([[Int64]], String?) = ([], nil)
            repeat {
                let page = try await Self.client(workspace).listWorkspaceModelVersions(
                    ListWorkspaceModelVersionsRequest(pageToken: token))
                pages.append(page.versions.compactMap(\.version))
                token = page.nextPageToken
            } while token != nil
            #expect(pages == [[242], [241], [240]])
        }
    }
}
