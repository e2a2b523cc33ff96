import AccessControl
import Contracts
import IdentityContracts
import RPC
import Reactor
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import IdentityService

private typealias Grant = Contracts.Grant
private typealias FieldPolicy = Contracts.FieldPolicy

/// Sharing rules: what they may say, who may make them, and that the policy tells the services of them.
@Suite(.serialized) struct SharingRuleTests {
    private static func rule(_ name: String, _ filter: String = "city = Rom", with roles: [String]) -> SharingRule {
        var rule = SharingRule(displayName: name, object: "account", filterExpression: filter)
        rule.roleIDs = roles
        return rule
    }

    @Test func thePolicyTellsOfRulesAndOfEachFilterAnew() async throws {
        try await inWorkspace { _, workspace in
            let (rep, admin) = (try await workspace.roleID("Sales rep"), workspace.adminID)
            let unit = try await workspace.makeDepartment("North")
            var wanted = Self.rule("罗马", "city = 罗马", with: [rep])
            (wanted.userIDs, wanted.departmentIDs) = ([admin.id.text], [unit])
            (wanted.access, wanted.untilTime) = (.write, Timestamp.now().advanced(by: .seconds(900)))
            let made = try await workspace.create(wanted)
            func told() async throws -> [Contracts.PolicySharingRule] { try await workspace.policy().sharingRules }
            let first = try #require(try await told().first)
            #expect(first.filterExpression == "city = 罗马" && first.object == "account" && first.enabled == true)
            #expect(first.allowsWriting == true && first.untilTime == made.untilTime)
            #expect([first.userIDs.count, first.unitIDs.count, first.roleIDs.count] == [1, 1, 1])
            let selection = { (rule: Contracts.PolicySharingRule) in
                rule.selectionID.flatMap { RecordID(bytes: $0) }?.text
            }
            #expect(selection(first) == made.selectionID)
            let before = try await workspace.epoch()
            try await workspace.update(SharingRule(id: made.id, displayName: "Rome", description: "d"))
            #expect(try await workspace.epoch() == before)
            try await workspace.update(SharingRule(id: made.id, disabled: true))
            let disabled = try await told()
            #expect(disabled.first?.enabled == false && disabled.first.flatMap(selection) == made.selectionID)
            let changed = try await workspace.update(SharingRule(id: made.id, filterExpression: "city = Ulm"))
            let afterChange = try await told()
            #expect(
                changed.selectionID != made.selectionID && afterChange.first.flatMap(selection) == changed.selectionID)
            try await workspace.delete(changed)
            #expect(try await told().isEmpty)
            try await workspace.restore(changed)
            let restored = try await told()
            #expect(restored.count == 1 && restored.first.flatMap(selection) != changed.selectionID)
            // Nobody sets a selection.
            let sent = try await refusal {
                try await workspace.update(SharingRule(id: made.id, selectionID: made.selectionID), ["selection_id"])
            }
            let later = try await told()
            #expect(later.first.flatMap(selection) == restored.first.flatMap(selection), "\(sent as Any)")
        }
    }

    /// A rule that has records follow what they belong to names that, and nobody.
    @Test func aRuleMayFollowWhatItsRecordsBelongTo() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            func rule(_ object: String, _ parent: String, _ name: String? = nil) -> SharingRule {
                SharingRule(displayName: name ?? "\(object) of \(parent)", object: object, parentObject: parent)
            }
            for (name, reference) in [("visit", "account"), ("lonely", nil)] {
                try await workspace.create(
                    ObjectDefinition(name: name, displayName: name, pluralDisplayName: "\(name)s"))
                guard let reference else { continue }
                var field = FieldDefinition(
                    object: "custom.\(name)", name: "where", kind: .reference, displayName: "Where")
                field.referenceObject = reference
                try await workspace.create(field)
            }
            let pairs = [
                ("contact", "account"), ("activity", "account"), ("deal", "account"), ("activity", "contact"),
                ("account", "account"), ("account_contact", "account"), ("custom.visit", "account"),
            ]
            for (object, parent) in pairs {
                let made = try await workspace.create(rule(object, parent))
                #expect(made.parentObject == parent && made.filterExpression == "id is set")
            }
            let told = try await workspace.policy().sharingRules
            #expect(
                Set(told.map { "\($0.object ?? "") of \($0.parentObject ?? "")" })
                    == Set(pairs.map { "\($0.0) of \($0.1)" }))
            #expect(told.allSatisfy { $0.userIDs.isEmpty && $0.unitIDs.isEmpty && $0.roleIDs.isEmpty })
            var both = rule("contact", "account", "both")
            both.roleIDs = [rep]
            let cases: [(SharingRule, String)] = [
                (both, "SHARE_SUBJECT_INVALID"), (rule("contact", "pipeline"), "OBJECT_UNKNOWN"),
                (rule("contact", "custom.nothing"), "OBJECT_UNKNOWN"), (rule("contact", "user"), "OBJECT_UNKNOWN"),
                (rule("account", "contact"), "PARENT_NOT_NAMED"), (rule("contact", "lead"), "PARENT_NOT_NAMED"),
                // Deals are kept by another service, which tells this one nothing of them.
                (rule("activity", "deal"), "PARENT_NOT_NAMED"), (rule("deal", "contact"), "PARENT_NOT_NAMED"),
                (rule("custom.lonely", "account"), "PARENT_NOT_NAMED"),
                (rule("custom.visit", "custom.lonely"), "PARENT_NOT_NAMED"),
            ]
            for (rule, expected) in cases {
                let error = try await denial { try await workspace.create(rule) }
                #expect(
                    error.reason == expected || error.fieldViolations.map(\.reason) == [expected],
                    "\(rule.displayName ?? ""), \(expected): \(error)")
            }
            let first = try #require(try await workspace.list(SharingRule.self).first { $0.object == "contact" })
            let moved = try await refusal {
                try await workspace.update(SharingRule(id: first.id, parentObject: "contact"), ["parent_object"])
            }
            #expect(
                moved?.reason == "FIELD_IMMUTABLE" || moved?.fieldViolations.map(\.reason) == ["FIELD_IMMUTABLE"],
                "\(moved as Any)")
            // Whoever could not share the records has none follow.
            let grants = ["read", "create"].map { Grant(object: "sharing_rule", action: $0, scope: .all) }
            let some = ["read", "update"].map { Grant(object: "contact", action: $0, scope: .subtree) }
            try await workspace.create(Role(displayName: "some", grants: grants + some))
            let narrow = try await workspace.addUser("narrow", roles: ["some"])
            let refused = try await refusal {
                try await workspace.create(rule("contact", "account", "by narrow"), as: narrow)
            }
            #expect(refused?.reason == "RIGHTS_EXCEEDED")
        }
    }

    @Test func whatARuleCannotSayIsRefused() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            func rule(_ change: (inout SharingRule) -> Void) -> SharingRule {
                var rule = Self.rule("r", with: [rep])
                change(&rule)
                return rule
            }
            func filter(_ text: String) -> SharingRule { rule { $0.filterExpression = text } }
            try await workspace.create(Self.rule("taken", with: [rep]))
            let cases: [(SharingRule, String)] = [
                (rule { $0.roleIDs = [] }, "SHARE_SUBJECT_INVALID"),
                (rule { $0.roleIDs = [RecordID.make().text] }, "REFERENCE_NOT_FOUND"),
                (rule { $0.userIDs = [RecordID.make().text] }, "REFERENCE_NOT_FOUND"),
                (rule { $0.departmentIDs = [RecordID.make().text] }, "REFERENCE_NOT_FOUND"),
                (rule { $0.object = "user" }, "OBJECT_UNKNOWN"), (rule { $0.object = "pipeline" }, "OBJECT_UNKNOWN"),
                (rule { $0.object = "custom.nothing" }, "OBJECT_UNKNOWN"),
                (rule { $0.untilTime = .now() }, "SHARE_TIME_PAST"), (rule { $0.filterExpression = nil }, "REQUIRED"),
                (filter("city ="), "FILTER_SYNTAX"), (filter("colour = red"), "FILTER_FIELD_UNKNOWN"),
                (filter("parent_account.city = Rom"), "FILTER_FIELD_UNKNOWN"),
                (filter("tag_ids is set"), "FILTER_FIELD_UNKNOWN"), (filter("version > 1"), "FILTER_FIELD_UNKNOWN"),
                (filter("shares.user_id is set"), "FILTER_FIELD_UNKNOWN"),
                (filter("sharing_selection_ids is set"), "FILTER_FIELD_UNKNOWN"),
                (filter("custom_fields is set"), "FILTER_FIELD_UNKNOWN"),
                (filter("owner_id = me"), "FILTER_TYPE_MISMATCH"), (filter("custom.size > 1"), "FILTER_FIELD_UNKNOWN"),
                (filter("city = \"\(String(repeating: "长", count: 1_000))\""), "TOO_LONG"),
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

    @Test func nobodySharesByARuleWhatHeCouldNotShare() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            let rules = ["read", "create", "update", "delete"].map {
                Grant(object: "sharing_rule", action: $0, scope: .all)
            }
            func maker(
                _ name: String, _ scope: GrantScope, _ policies: [FieldPolicy] = []
            ) async throws -> UserID {
                let accounts = ["read", "update"].map { Grant(object: "account", action: $0, scope: scope) }
                var role = Role(displayName: name, grants: rules + accounts)
                role.fieldPolicies = policies
                try await workspace.create(role)
                return try await workspace.addUser(name, roles: [name])
            }
            let unread = [FieldPolicy(object: "account", field: "city", access: .masked)]
            let unshared = [FieldPolicy(object: "account", field: "shares", access: .read)]
            let makers: [(UserID, String?)] = [
                (try await maker("narrow", .subtree), "account.update"),
                (try await maker("blind", .all, unread), "account.city"),
                (try await maker("mute", .all, unshared), "account.shares"), (try await maker("whole", .all), nil),
            ]
            let there = try await workspace.create(Self.rule("there", with: [rep]))
            for (user, right) in makers {
                let refused = [
                    try await refusal { try await workspace.create(Self.rule("by \(user)", with: [rep]), as: user) },
                    try await refusal {
                        try await workspace.update(
                            SharingRule(id: there.id, description: "\(user)", access: .write), as: user)
                    },
                ]
                for error in refused {
                    #expect(error?.reason == right.map { _ in "RIGHTS_EXCEEDED" })
                    #expect(error?.details.first { $0.key == "right" }?.value == right)
                }
                // To end one takes no more than the right on rules.
                let passing = try await workspace.create(Self.rule("passing \(user)", with: [rep]))
                #expect(try await reason { try await workspace.delete(passing, as: user) } == nil)
            }
            // What a formula says tells of the fields that it says it of.
            for (name, formula) in [("place", "upper(city)"), ("label", "custom.place & display_name")] {
                try await workspace.create(
                    FieldDefinition(object: "account", name: name, kind: .text, displayName: name, formula: formula))
            }
            var derived = Self.rule("derived", with: [rep])
            derived.filterExpression = "custom.label = \"KÖLN\""
            let blind = try await refusal { try await workspace.create(derived, as: makers[1].0) }
            #expect(blind?.details.first { $0.key == "right" }?.value == "account.city")
            try await workspace.create(derived, as: makers[3].0)
            let outsider = try await workspace.addUser("rep", roles: ["Sales rep"])
            #expect(
                try await reason { try await workspace.list(SharingRule.self, as: outsider) } == "PERMISSION_MISSING")
        }
    }

    @Test func aFieldByWhichARuleSelectsIsNotDeleted() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            let field = try await workspace.create(
                FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size"))
            let rule = try await workspace.create(Self.rule("big", "custom.size > 10", with: [rep]))
            let refused = try await denial { try await workspace.delete(field) }
            #expect(refused.reason == "FIELD_IN_SHARING_RULE" && "\(refused)".contains("big"))
            try await workspace.delete(rule)
            try await workspace.delete(field)
        }
    }

    /// Of a rule and the deletion of its field that come at once the second is refused, whichever that is.
    @Test(arguments: [true, false]) func aFieldAndItsRuleDoNotPassEachOther(ruleIsFirst: Bool) async throws {
        try await inWorkspace { identity, workspace in
            let rep = try await workspace.roleID("Sales rep")
            let field = try await workspace.create(
                FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size"))
            let turn = workspace.id.id.bytes.suffix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
            func waiting(_ count: Int) async throws {
                let end = TestPostgres.deadline()
                let sql = """
                    SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
                        AND (classid::bigint << 32 | objid::bigint) = \(turn)
                    """
                while try await identity.count(sql) < count { try #require(MonotonicTime.now() < end, "\(count)") }
            }
            @Sendable func makeRule() async throws -> String? {
                try await reason { try await workspace.create(Self.rule("big", "custom.size > 10", with: [rep])) }
            }
            @Sendable func deleteField() async throws -> String? {
                try await reason { try await workspace.delete(field) }
            }
            let (first, second) = try await identity.postgres.holding("SELECT pg_advisory_xact_lock(\(turn))") {
                let first = Task(executorPreference: EventLoop.current) {
                    try await ruleIsFirst ? makeRule() : deleteField()
                }
                try await waiting(1)
                let second = Task(executorPreference: EventLoop.current) {
                    try await ruleIsFirst ? deleteField() : makeRule()
                }
                try await waiting(2)
                return (first, second)
            }
            let told = [try await first.value, try await second.value]
            #expect(told == [nil, ruleIsFirst ? "FIELD_IN_SHARING_RULE" : "FILTER_FIELD_UNKNOWN"])
        }
    }

    /// What was deleted is asked again when it comes back.
    @Test func aRuleComesBackOverWhatIsThere() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            let field = try await workspace.create(
                FieldDefinition(object: "account", name: "size", kind: .wholeNumber, displayName: "Size"))
            let rule = try await workspace.create(Self.rule("big", "custom.size > 10", with: [rep]))
            try await workspace.delete(rule)
            try await workspace.delete(field)
            #expect(try await reason { try await workspace.restore(rule) } == "FILTER_FIELD_UNKNOWN")
            try await workspace.restore(field)
            #expect(try await reason { try await workspace.restore(rule) } == nil)
        }
    }

    @Test func aKindOfRecordsHasAHundred() async throws {
        try await inWorkspace { _, workspace in
            let rep = try await workspace.roleID("Sales rep")
            let (made, results) = try await workspace.batchCreate(
                (0..<100).map { Self.rule("r\($0)", with: [rep]) })
            #expect(made.count == 100 && results.count == 100)
            let error = try await denial { try await workspace.create(Self.rule("one more", with: [rep])) }
            #expect(error.code == .resourceExhausted && error.reason == "SHARING_RULES_TOO_MANY")
            var other = Self.rule("of leads", with: [rep])
            other.object = "lead"
            #expect(try await reason { try await workspace.create(other) } == nil)
        }
    }
}
