import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// The model of a workspace as one thing: taken out of one and made in another, all of it or nothing.
@Suite(.serialized) struct WorkspaceModelTests {
    private static let model = WorkspaceModel(
        objects: [
            ObjectDefinition(
                name: "project", displayName: "项目", pluralDisplayName: "项目", description: "d",
                numberFormat: "P-{number:3}"),
            ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms", shared: true),
        ],
        fields: [
            FieldDefinition(object: "custom.project", name: "budget", kind: .money, displayName: "Budget", valueMin: 0),
            FieldDefinition(
                object: "account", name: "tier", kind: .choice, displayName: "Tier", choices: ["a", "b"],
                defaultValue: CustomField(stringValue: "b"), readOnly: true,
                labels: [FieldLabel(languageCode: "zh", displayName: "等级", description: "说明")]),
            FieldDefinition(
                object: "account", name: "since", kind: .time, displayName: "Since",
                defaultValue: CustomField(timeValue: Timestamp(microseconds: 1_800_000_000_123_456))),
            FieldDefinition(
                object: "account", name: "code", kind: .text, displayName: "Code", pattern: "[A-Z]+",
                patternMessage: "Capitals"),
            FieldDefinition(
                object: "custom.project", name: "branch", kind: .choice, displayName: "Branch", choiceList: "branch"),
        ],
        roles: [
            Role(
                displayName: "PM", description: "Leads projects.",
                grants: [Contracts.Grant(object: "custom.project", action: "read", scope: .all)],
                fieldPolicies: [
                    Contracts.FieldPolicy(object: "custom.project", field: "custom.budget", access: FieldAccess.read)
                ])
        ],
        choiceLists: [
            ChoiceList(
                name: "branch", displayName: "行业", labels: [FieldLabel(languageCode: "en", displayName: "Branch")],
                entries: [
                    ChoiceEntry(value: "steel", displayName: "钢铁", colour: "#1e90ff"),
                    ChoiceEntry(value: "iron", retired: true, mergedInto: "steel"),
                ], boundFields: ["account.industry"])
        ])

    private static func get(_ workspace: Workspace, as user: UserID? = nil) async throws -> WorkspaceModel {
        let client = WorkspaceModelServiceClient(channel: workspace.channel(as: user, requestID: nil))
        return try #require(try await client.getWorkspaceModel(GetWorkspaceModelRequest()).model)
    }

    @discardableResult
    private static func apply(
        _ model: WorkspaceModel, _ workspace: Workspace, preview: Bool? = nil, as user: UserID? = nil,
        requestID: String? = nil
    ) async throws -> ApplyWorkspaceModelResponse {
        let client = WorkspaceModelServiceClient(channel: workspace.channel(as: user, requestID: requestID))
        return try await client.applyWorkspaceModel(ApplyWorkspaceModelRequest(model: model, preview: preview))
    }

    /// A file may name a formula before what it uses.
    @Test func formulasAreMadeAfterWhatTheyUse() async throws {
        try await inWorkspace { _, workspace in
            func field(_ name: String, _ formula: String?) -> FieldDefinition {
                FieldDefinition(
                    object: "account", name: name, kind: .wholeNumber, displayName: name, formula: formula)
            }
            let model = WorkspaceModel(fields: [
                field("four", "custom.twice + custom.twice"), field("twice", "custom.size * 2"), field("size", nil),
            ])
            try await Self.apply(model, workspace)
            let made = try await Self.get(workspace)
            #expect(made.fields.compactMap(\.formula) == ["custom.twice + custom.twice", "custom.size * 2"])
            let ring = WorkspaceModel(fields: [field("a", "custom.b"), field("b", "custom.a")])
            #expect(try await reason { try await Self.apply(ring, workspace) } == "FORMULA_INVALID")
        }
    }

    @Test func whatIsTakenOutAndMadeIsTheSame() async throws {
        try await inWorkspace { _, workspace in
            let before = try await Self.get(workspace)
            #expect(
                before.objects.isEmpty && before.fields.isEmpty && !before.roles.map(\.displayName).contains("Admin"))
            let seen = try await Self.apply(Self.model, workspace, preview: true)
            #expect(
                seen.changes.map { "\($0.object ?? "") \($0.name ?? "") \($0.created == true)" } == [
                    "object_definition project true", "object_definition room true",
                    "choice_list branch true", "field_definition custom.project.budget true",
                    "field_definition account.tier true",
                    "field_definition account.since true", "field_definition account.code true",
                    "field_definition custom.project.branch true", "role PM true",
                ])
            let unchanged = try await Self.get(workspace)
            #expect(unchanged == before)
            let epoch = try await workspace.epoch()
            let done = try await Self.apply(Self.model, workspace)
            #expect(done.changes == seen.changes)
            // One change of the policy, however much it is made of.
            #expect(try await workspace.epoch() == epoch + 1)
            let whole = try await Self.get(workspace)
            #expect(whole.choiceLists == Self.model.choiceLists)
            #expect(whole.objects == Self.model.objects && Set(whole.fields) == Set(Self.model.fields))
            #expect(whole.roles.contains(Self.model.roles[0]))
            // Once more nothing is to be done: six objects and fields, the settings, and the roles.
            let again = try await Self.apply(whole, workspace)
            #expect(again.changes.isEmpty && Int(again.unchangedCount ?? 0) == 9 + whole.roles.count)
            try await inWorkspace { _, other in
                try await Self.apply(whole, other)
                let made = try await Self.get(other)
                #expect(made == whole)
            }
        }
    }

    @Test func whatIsThereBecomesAsTheModelHasIt() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace)
            var changed = Self.model
            changed.objects[0].displayName = "Plan"
            changed.objects[0].description = nil
            changed.fields[1].choices = ["a", "b", "c"]
            changed.roles = []
            let answer = try await Self.apply(changed, workspace)
            let told = answer.changes.map { "\($0.name ?? ""): \($0.changedFields.joined(separator: ","))" }
            #expect(told == ["project: display_name,description", "account.tier: choices"])
            let fates = answer.changes.flatMap(\.fieldChanges).map { "\($0.field ?? ""): \($0.removed) \($0.added)" }
            #expect(
                fates == [#"display_name: ["项目"] ["Plan"]"#, #"description: ["d"] []"#, #"choices: [] ["c"]"#])
            #expect(answer.unchangedCount == 6)
            let now = try await Self.get(workspace)
            #expect(now.objects[0].displayName == "Plan" && now.objects[0].description == nil)
            // What the model does not name stays.
            #expect(now.roles.contains(Self.model.roles[0]))
        }
    }

    @Test func oneThatIsRefusedRefusesAll() async throws {
        try await inWorkspace { _, workspace in
            let before = try await (Self.get(workspace), workspace.epoch())
            var cases: [(WorkspaceModel, String, String)] = []
            var model = Self.model
            model.fields[1].kind = .unspecified
            cases.append((model, "UNSPECIFIED", "model.fields[1].kind"))
            model = Self.model
            model.roles[0].grants[0].action = "fly"
            cases.append((model, "GRANT_INVALID", "model.roles[0].grants[0]"))
            model = Self.model
            model.objects.append(model.objects[0])
            cases.append((model, "NAME_TWICE", "model.objects[2]"))
            model = Self.model
            model.fields[0].object = "custom.nothing"
            cases.append((model, "FIELD_OBJECT_UNKNOWN", "model.fields[0].object"))
            for (model, reason, place) in cases {
                let error = try await denial { try await Self.apply(model, workspace) }
                #expect(error.reason == reason && error.fieldViolations.map(\.field) == [place], "\(error)")
            }
            let after = try await (Self.get(workspace), workspace.epoch())
            #expect(after.0 == before.0 && after.1 == before.1)
            let many = WorkspaceModel(roles: (0...2_000).map { Role(displayName: "r\($0)") })
            let long = try await denial { try await Self.apply(many, workspace) }
            #expect(long.reason == "MODEL_TOO_LONG")
        }
    }

    @Test func aNameOfADeletedObjectIsNotGivenAgain() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let customer = try #require(identity.services[.customer])
            try await Self.apply(Self.model, workspace)
            let object = try #require(try await workspace.list(ObjectDefinition.self, #"name = "room""#).first)
            try await workspace.delete(object)
            customer.usesModel(1)
            let error = try await denial { try await Self.apply(Self.model, workspace) }
            #expect(error.reason == "OBJECT_NAME_TAKEN" && error.message.contains("restore it"), "\(error)")
            #expect(error.fieldViolations.map(\.field) == ["model.objects[1].name"])
            // One of which nothing is left comes back.
            customer.usesModel(0)
            let again = try await Self.apply(Self.model, workspace)
            #expect(again.changes.map(\.name) == ["room"] && again.changes.first?.created == true)
        }
    }

    /// Of two who apply one at once, one makes it and the other finds it made.
    @Test func twoAtOnceMakeItOnce() async throws {
        try await inWorkspace { _, workspace in
            let answers = try await withThrowingTaskGroup(of: ApplyWorkspaceModelResponse.self) { group in
                for _ in 0..<4 { group.addTask { try await Self.apply(Self.model, workspace) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.map(\.changes.count).sorted() == [0, 0, 0, 9])
        }
    }

    /// What is taken away is told, so that nobody has to guess it of the name of a field.
    @Test func whatIsTakenAwayIsTold() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace)
            var poor = WorkspaceModel(roles: Self.model.roles)
            poor.roles[0].grants = [Contracts.Grant(object: "account", action: "read", scope: .own)]
            let change = try #require(try await Self.apply(poor, workspace, preview: true).changes.first?.fieldChanges)
            #expect(
                change == [
                    ModelFieldChange(
                        field: "grants", removed: ["custom.project read ALL"], added: ["account read OWN"])
                ])
        }
    }

    /// What may be set once only is not set another way round.
    @Test func whatIsForGoodStays() async throws {
        try await inWorkspace { _, workspace in
            try await Self.apply(Self.model, workspace)
            var model = Self.model
            model.fields[0].kind = .text
            model.fields[0].valueMin = nil
            let error = try await denial { try await Self.apply(model, workspace) }
            #expect(error.reason == "FIELD_IMMUTABLE", "\(error)")
        }
    }

    @Test func aRepeatedRequestIsDoneOnce() async throws {
        try await inWorkspace { _, workspace in
            let id = RecordID.make().text
            let first = try await Self.apply(Self.model, workspace, requestID: id)
            let second = try await Self.apply(Self.model, workspace, requestID: id)
            #expect(first == second && first.changes.count == 9)
        }
    }
}
