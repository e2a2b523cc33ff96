import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Validation rules: what they may say, who may make them, and that the policy tells the services of them.
@Suite(.serialized) struct ValidationRuleTests {
    private static func rule(_ name: String, _ condition: String = "not is_set(city)") -> ValidationRule {
        ValidationRule(displayName: name, object: "account", condition: condition, message: "Say where, 在哪里.")
    }

    @Test func thePolicyTellsOfRulesInForce() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            var wanted = Self.rule("城市")
            (wanted.effect, wanted.field, wanted.roleIDs, wanted.lockedFields) = (
                .lock, "city", [rep], ["city", "phone"]
            )
            wanted.messages = [RuleMessage(languageCode: "de", text: "Wo?")]
            let made = try await workspace.create(wanted)
            func told() async throws -> [TenantRule] {
                try await workspace.policy().rules.compactMap { TenantRule($0) }
            }
            let first = try await told()
            #expect(
                first == [
                    TenantRule(
                        id: try #require(made.id.flatMap { RecordID($0) }), name: "城市", object: "account",
                        effect: .lock(fields: ["city", "phone"]), condition: "not is_set(city)", field: "city",
                        message: "Say where, 在哪里.", messages: [TenantLabel(language: "de", displayName: "Wo?")],
                        exceptRoles: [try #require(RecordID(rep))])
                ])
            let before = try await workspace.epoch()
            try await workspace.update(ValidationRule(id: made.id, description: "d"))
            #expect(try await workspace.epoch() == before)
            try await workspace.update(ValidationRule(id: made.id, disabled: true))
            #expect(try await told().isEmpty)
            try await workspace.update(ValidationRule(id: made.id), ["disabled"])
            #expect(try await told().count == 1)
            try await workspace.delete(made)
            #expect(try await told().isEmpty)
        }
    }

    @Test func whatARuleCannotSayIsRefused() async throws {
        try await inWorkspace { _, workspace in
            func rule(_ change: (inout ValidationRule) -> Void) -> ValidationRule {
                var rule = Self.rule("r")
                change(&rule)
                return rule
            }
            try await workspace.create(Self.rule("taken"))
            let cases: [(ValidationRule, String)] = [
                (rule { $0.condition = "city" }, "FORMULA_INVALID"),
                (rule { $0.condition = "city = 1" }, "FORMULA_INVALID"),
                (rule { $0.condition = "custom.nothing = 1" }, "FORMULA_INVALID"),
                (rule { $0.condition = "version > 3" }, "FORMULA_INVALID"), (rule { $0.condition = nil }, "REQUIRED"),
                (rule { $0.message = nil }, "REQUIRED"), (rule { $0.object = "user" }, "OBJECT_UNKNOWN"),
                (rule { $0.object = "custom.nothing" }, "OBJECT_UNKNOWN"),
                (rule { $0.field = "colour" }, "RULE_FIELD_UNKNOWN"),
                (rule { ($0.effect, $0.lockedFields) = (.lock, ["city", "colour"]) }, "RULE_FIELD_UNKNOWN"),
                (rule { $0.lockedFields = ["city"] }, "NOT_APPLICABLE"),
                (rule { $0.roleIDs = [RecordID.make().text] }, "REFERENCE_NOT_FOUND"),
                (rule { $0.roleIDs = ["nobody"] }, "INVALID_ID"),
                (
                    rule { $0.messages = ["de", "DE"].map { RuleMessage(languageCode: $0, text: "t") } }, "DUPLICATE"
                ),
                (rule { $0.condition = "city = '\(String(repeating: "长", count: 1_000))'" }, "TOO_LONG"),
                (rule { $0.displayName = "TAKEN" }, "DISPLAY_NAME_TAKEN"),
            ]
            for (rule, expected) in cases {
                let error = try await denial { try await workspace.create(rule) }
                #expect(
                    error.reason == expected || error.fieldViolations.map(\.reason) == [expected],
                    "\(expected): \(error)")
            }
        }
    }

    /// Fields, formulas and rules of a kind share the room, and whoever takes patterns away is not held up by those that are left.
    @Test func patternsOfAKindAreBounded() async throws {
        try await inWorkspace { identity, workspace in
            func patterns(_ count: Int) -> String {
                (0..<count).map { "matches(city, 'a\($0)')" }.joined(separator: " or ")
            }
            let first = try await workspace.create(Self.rule("25", patterns(25)))
            let second = try await workspace.create(Self.rule("24", patterns(24)))
            let field = try await workspace.create(
                FieldDefinition(object: "account", name: "code", kind: .text, displayName: "c", pattern: "[a-z]+"))
            let refused = [
                try await refusal { try await workspace.create(Self.rule("more", patterns(1))) },
                try await refusal {
                    try await workspace.update(ValidationRule(id: second.id, condition: patterns(25)))
                },
                try await refusal {
                    try await workspace.create(
                        FieldDefinition(
                            object: "account", name: "f", kind: .yesNo, displayName: "f", formula: patterns(1)))
                },
                try await refusal {
                    try await workspace.create(
                        FieldDefinition(
                            object: "account", name: "g", kind: .text, displayName: "g", pattern: "[0-9]+"))
                },
            ]
            #expect(refused.map(\.?.reason) == Array(repeating: "PATTERNS_TOO_MANY", count: 4))
            #expect(refused.map(\.?.code) == Array(repeating: .resourceExhausted, count: 4))
            // As it was before there was a limit: more than there is room for.
            try await identity.tamper(
                "UPDATE \(workspace.schema).validation_rules SET condition = $$\(patterns(30))$$ WHERE id = '\(first.id ?? "")'"
            )
            try await workspace.update(ValidationRule(id: second.id, condition: patterns(23)))
            try await workspace.update(FieldDefinition(id: field.id), ["pattern"])
            try await workspace.update(ValidationRule(id: second.id, disabled: true))
            let more = try await reason {
                try await workspace.update(ValidationRule(id: second.id, condition: patterns(24)))
            }
            #expect(more == "PATTERNS_TOO_MANY")
            try await workspace.update(ValidationRule(id: first.id, condition: patterns(2)))
            try await workspace.create(Self.rule("more", patterns(1)))
        }
    }

    @Test func nobodyMakesARuleOverWhatHeMayNotReadOrChange() async throws {
        try await inWorkspace { _, workspace in
            let rules = ["read", "create", "update", "delete"].map {
                Contracts.Grant(object: "validation_rule", action: $0, scope: .all)
            }
            func maker(
                _ name: String, _ scope: GrantScope, _ policies: [Contracts.FieldPolicy] = []
            ) async throws -> UserID {
                let accounts = ["read", "update"].map { Contracts.Grant(object: "account", action: $0, scope: scope) }
                var role = Role(displayName: name, grants: rules + accounts)
                role.fieldPolicies = policies
                try await workspace.create(role)
                return try await workspace.addUser(name, roles: [name])
            }
            let unread = [Contracts.FieldPolicy(object: "account", field: "city", access: .masked)]
            let makers: [(UserID, String?)] = [
                (try await maker("narrow", .subtree), "account.update"),
                (try await maker("blind", .all, unread), "account.city"), (try await maker("whole", .all), nil),
            ]
            for (user, right) in makers {
                let error = try await refusal { try await workspace.create(Self.rule("by \(user)"), as: user) }
                #expect(error?.reason == right.map { _ in "RIGHTS_EXCEEDED" })
                #expect(error?.details.first { $0.key == "right" }?.value == right)
            }
            // What a formula says tells of the fields that it says it of.
            try await workspace.create(
                FieldDefinition(
                    object: "account", name: "place", kind: .text, displayName: "p", formula: "upper(city)"))
            let derived = Self.rule("derived", "custom.place = 'ROM'")
            let blind = try await refusal { try await workspace.create(derived, as: makers[1].0) }
            #expect(blind?.details.first { $0.key == "right" }?.value == "account.city")
            let outsider = try await workspace.addUser("rep", roles: ["Sales rep"])
            let list = try await reason { try await workspace.list(ValidationRule.self, as: outsider) }
            #expect(list == "PERMISSION_MISSING")
        }
    }

    /// A rule that was made over what its maker may read is not led to what he may not: by a formula, by one behind it, or by a roll-up.
    @Test func nobodyLeadsARuleToWhatHeMayNotRead() async throws {
        try await inWorkspace { _, workspace in
            func field(
                _ name: String, _ kind: FieldKind, _ formula: String? = nil, object: String = "account",
                rollUp: RollUp? = nil
            ) async throws -> FieldDefinition {
                try await workspace.create(
                    FieldDefinition(
                        object: object, name: name, kind: kind, displayName: name, formula: formula, rollUp: rollUp))
            }
            for name in ["mine", "secret"] { _ = try await field(name, .wholeNumber) }
            for name in ["hours", "cost"] { _ = try await field(name, .wholeNumber, object: "activity") }
            let hint = try await field("hint", .yesNo, "custom.mine = 1")
            _ = try await field("behind", .yesNo, "not custom.hint")
            let worked = RollUp(object: "activity", reference: "account_id", function: .sum, field: "custom.hours")
            let sum = try await field("worked", .wholeNumber, rollUp: worked)
            let grants = ["field_definition", "validation_rule", "sharing_rule", "account", "activity"].flatMap {
                name in
                ["read", "create", "update"].map { Contracts.Grant(object: name, action: $0, scope: .all) }
            }
            var role = Role(displayName: "maker", grants: grants)
            role.fieldPolicies = [("account", "custom.secret"), ("activity", "custom.cost")].map {
                Contracts.FieldPolicy(object: $0, field: $1, access: FieldAccess.none)
            }
            try await workspace.create(role)
            let maker = try await workspace.addUser("maker", roles: ["maker"])
            let modeller = try await workspace.makeUser(
                "modeller", roles: [try await workspace.makeRole("modeller", Array(grants.prefix(3)))])
            /// The right that is missing for a change.
            func missing(_ change: FieldDefinition, as user: UserID? = nil) async throws -> String? {
                let error = try await refusal { try await workspace.update(change, as: user ?? maker) }
                #expect(error == nil || error?.reason == "RIGHTS_EXCEEDED", "\(error as Any)")
                return error?.details.first { $0.key == "right" }?.value
            }
            func led(_ text: String) -> FieldDefinition { FieldDefinition(id: hint.id, formula: text) }
            let filtered = FieldDefinition(
                id: sum.id,
                rollUp: RollUp(
                    object: "activity", reference: "account_id", function: .sum, field: "custom.hours",
                    filterExpression: "custom.cost > 1000"))
            let toSecret = "custom.mine = 1 and custom.secret > 1000"
            // As long as there is no rule, who may not read it reads nothing of it by a formula either.
            #expect(try await missing(led(toSecret)) == nil)
            #expect(try await missing(led("custom.mine = 2")) == nil)
            let checked = try await workspace.create(Self.rule("checked", "custom.behind"), as: maker)
            #expect(try await missing(led(toSecret)) == "account.custom.secret")
            #expect(try await missing(led("custom.mine = 3")) == nil)
            #expect(try await missing(led("custom.mine = 4"), as: modeller) == "account.update")
            #expect(try await missing(FieldDefinition(id: hint.id, displayName: "Hint"), as: modeller) == nil)
            #expect(try await missing(filtered) == nil)
            #expect(try await missing(FieldDefinition(id: sum.id, rollUp: worked)) == nil)
            try await workspace.create(Self.rule("worked", "custom.worked > 1"), as: maker)
            #expect(try await missing(filtered) == "activity.custom.cost")
            try await workspace.delete(checked)
            #expect(try await missing(led(toSecret)) == nil)
            #expect(try await missing(led("custom.mine = 2")) == nil)
            let sharing = SharingRule(
                displayName: "shared", object: "account", filterExpression: "custom.behind = true",
                userIDs: [maker.description])
            try await workspace.create(sharing, as: maker)
            #expect(try await missing(led(toSecret)) == "account.custom.secret")
            #expect(try await missing(led("custom.mine = 3")) == nil)
            try await workspace.update(led(toSecret))
        }
    }

    @Test func aFieldThatARuleNamesIsNotDeleted() async throws {
        try await inWorkspace { _, workspace in
            let field = try await workspace.create(
                FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size"))
            var locking = Self.rule("locking")
            (locking.effect, locking.lockedFields) = (.lock, ["custom.size"])
            for rule in [Self.rule("big", "custom.size > 10"), locking] {
                let made = try await workspace.create(rule)
                let refused = try await denial { try await workspace.delete(field) }
                #expect(refused.reason == "FIELD_IN_VALIDATION_RULE" && "\(refused)".contains(rule.displayName ?? "-"))
                try await workspace.delete(made)
            }
            try await workspace.delete(field)
        }
    }

    @Test func aKindOfRecordsHasFifty() async throws {
        try await inWorkspace { _, workspace in
            let (made, _) = try await workspace.batchCreate((0..<50).map { Self.rule("r\($0)") })
            #expect(made.count == 50)
            let error = try await denial { try await workspace.create(Self.rule("one more")) }
            #expect(error.code == .resourceExhausted && error.reason == "VALIDATION_RULES_TOO_MANY")
            let list = (0..<60).map { "'\($0)'" }.joined(separator: ", ")
            let large = ValidationRule(
                object: "lead", condition: (0..<2).map { _ in "given_name in (\(list))" }.joined(separator: " or "),
                message: "m")
            var reasons: [String?] = []
            for number in 0..<10 {
                var rule = large
                rule.displayName = "large \(number)"
                reasons.append(try await reason { try await workspace.create(rule) })
            }
            #expect(reasons.first == .some(nil) && reasons.last == "VALIDATION_RULES_TOO_LARGE")
        }
    }

    @Test func aModelTakesRulesAlongAndAnUndoTakesThemAway() async throws {
        try await inWorkspace { _, workspace in
            let client = { (workspace: Workspace) in
                WorkspaceModelServiceClient(channel: workspace.channel(as: nil, requestID: nil))
            }
            let model = WorkspaceModel(
                objects: [ObjectDefinition(name: "course", displayName: "Course", pluralDisplayName: "Courses")],
                fields: [FieldDefinition(object: "custom.course", name: "code", kind: .text, displayName: "代码")],
                validationRules: [
                    ModelValidationRule(
                        displayName: "Code", object: "custom.course", effect: .lock,
                        condition: "matches(custom.code, '[A-Z]+')", field: "custom.code", message: "Closed.",
                        messages: [RuleMessage(languageCode: "zh", text: "已关闭")], roles: ["Sales rep"],
                        lockedFields: ["custom.code"])
                ])
            let done = try await client(workspace).applyWorkspaceModel(ApplyWorkspaceModelRequest(model: model))
            #expect(done.changes.map(\.object) == ["object_definition", "field_definition", "validation_rule"])
            let whole = try await client(workspace).getWorkspaceModel(GetWorkspaceModelRequest()).model
            #expect(whole?.validationRules == model.validationRules)
            var changed = model
            changed.validationRules[0].message = "Shut."
            let seen = try await client(workspace).applyWorkspaceModel(
                ApplyWorkspaceModelRequest(model: changed, preview: true))
            #expect(seen.changes.map(\.changedFields) == [["message"]])
            changed.validationRules[0].condition = "custom.nothing"
            let wrong = try await denial {
                try await client(workspace).applyWorkspaceModel(ApplyWorkspaceModelRequest(model: changed))
            }
            #expect(wrong.fieldViolations.map(\.field) == ["model.validation_rules[0].condition"])
            let undone = try await client(workspace).undoWorkspaceModel(UndoWorkspaceModelRequest())
            #expect(undone.changes.map(\.object) == ["validation_rule", "field_definition", "object_definition"])
            let left = try await workspace.list(ValidationRule.self)
            #expect(left.isEmpty)
        }
    }
}
