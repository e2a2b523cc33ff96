import AccessControl
import Contracts
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestService
import Testing

@testable import IdentityService
@testable import ProductRoles

/// Fields that say something of other records: what is refused when they are defined, and how services hear of them.
@Suite(.serialized) struct RollUpDefinitionTests {
    private static func field(
        _ name: String, _ kind: FieldKind, _ rollUp: RollUp? = nil, object: String = "account",
        formula: String? = nil
    ) -> FieldDefinition {
        FieldDefinition(object: object, name: name, kind: kind, displayName: name, formula: formula, rollUp: rollUp)
    }

    private static func hours(_ function: RollUpFunction = .sum, filter: String? = nil) -> RollUp {
        RollUp(
            object: "activity", reference: "account_id", function: function, field: "custom.hours",
            filterExpression: filter)
    }

    private static func told(_ call: () async throws -> Void) async throws -> String? {
        try await refusal(call).map { error in
            "\(error.reason) \(error.fieldViolations.map { "\($0.field) \($0.reason)" }.joined(separator: ", "))"
        }
    }

    @Test func whatIsDefinedIsPartOfThePolicy() async throws {
        try await inWorkspace { _, workspace in
            try await workspace.create(Self.field("hours", .wholeNumber, object: "activity"))
            let made = try await workspace.create(
                Self.field("worked", .wholeNumber, Self.hours(filter: "kind = ACTIVITY_KIND_CALL")))
            #expect(made.rollUp == Self.hours(filter: "kind = ACTIVITY_KIND_CALL"))
            var model = try #require(PolicySnapshot(try await workspace.policy())).model
            #expect(
                model.rollUps(over: "activity").map(\.rollUp) == [
                    TenantRollUp(
                        object: "activity", reference: "account_id", function: .sum, value: "custom.hours",
                        filter: "kind = ACTIVITY_KIND_CALL")
                ])
            try await workspace.update(FieldDefinition(id: made.id, rollUp: Self.hours(.max)))
            model = try #require(PolicySnapshot(try await workspace.policy())).model
            #expect(model.rollUps(over: "activity").first?.rollUp?.function == .most)
            try await workspace.delete(made)
            model = try #require(PolicySnapshot(try await workspace.policy())).model
            #expect(!model.hasRollUps)
        }
    }

    @Test func whatIsWrongIsToldWithItsPlace() async throws {
        try await inWorkspace { _, workspace in
            for (name, kind) in [("hours", FieldKind.wholeNumber), ("note", .longText), ("amount", .money)] {
                try await workspace.create(Self.field(name, kind, object: "activity"))
            }
            func refused(_ kind: FieldKind, _ change: (inout RollUp) -> Void) async throws -> String? {
                var rollUp = Self.hours()
                change(&rollUp)
                let sent = Self.field("r", kind, rollUp)
                return try await Self.told { try await workspace.create(sent) }
            }
            let whole = FieldKind.wholeNumber
            let found = [
                try await refused(whole) { $0.object = "user" }, try await refused(whole) { $0.object = "custom.no" },
                try await refused(whole) { $0.reference = "contact_id" },
                try await refused(whole) { $0.reference = "custom.account" },
                try await refused(whole) { $0.function = nil }, try await refused(whole) { $0.field = nil },
                try await refused(whole) { $0.function = .count }, try await refused(whole) { $0.field = "custom.no" },
                try await refused(whole) { $0.field = "custom.amount" },
                try await refused(.money) { $0.field = "custom.note" },
                try await refused(.text) { _ in },
                try await refused(whole) { $0.function = .latest },
                try await refused(whole) { $0.timeField = "create_time" },
                try await refused(whole) { ($0.function, $0.timeField) = (.latest, "update_time") },
                try await refused(whole) { $0.filterExpression = "custom.hours >" },
                try await refused(whole) { $0.filterExpression = "custom.no = 1" },
                try await refused(whole) { $0.filterExpression = "owner_id = me" },
                try await refused(whole) { $0.filterExpression = "account.city = a" },
            ]
            let path = "roll_up."
            let expected = [
                "\(path)object FIELD_OBJECT_UNKNOWN", "\(path)object FIELD_OBJECT_UNKNOWN",
                "\(path)reference ROLL_UP_INVALID", "\(path)reference ROLL_UP_INVALID", "\(path)function REQUIRED",
                "\(path)field REQUIRED", "\(path)field NOT_APPLICABLE", "\(path)field ROLL_UP_INVALID",
                "\(path)field ROLL_UP_INVALID", "\(path)field ROLL_UP_INVALID", "field_definition.kind NOT_APPLICABLE",
                "\(path)time_field REQUIRED", "\(path)time_field NOT_APPLICABLE", "\(path)time_field ROLL_UP_INVALID",
                "\(path)filter_expression ROLL_UP_INVALID", "\(path)filter_expression ROLL_UP_INVALID",
                "\(path)filter_expression ROLL_UP_INVALID", "\(path)filter_expression ROLL_UP_INVALID",
            ]
            for (told, wanted) in zip(found, expected) {
                #expect(told?.contains(wanted) == true, "\(told ?? "nothing")")
            }
            var both = Self.field("r", whole, Self.hours(), formula: "1 + 1")
            both.required = true
            let told = try await Self.told { try await workspace.create(both) }
            #expect(told?.contains("formula NOT_APPLICABLE") == true && told?.contains("required") == true)
        }
    }

    /// One that is changed is asked as one that is made.
    @Test func noneIsLedToAnObjectThatIsNotThere() async throws {
        try await inWorkspace { _, workspace in
            try await workspace.create(Self.field("hours", .wholeNumber, object: "activity"))
            let made = try await workspace.create(Self.field("worked", .wholeNumber, Self.hours()))
            func led(to object: String) async throws -> String? {
                let rollUp = RollUp(object: object, reference: "custom.account", function: .count)
                return try await Self.told {
                    try await workspace.update(FieldDefinition(id: made.id, rollUp: rollUp))
                }
            }
            let nothing = try await led(to: "custom.nothing")
            #expect(nothing?.contains("roll_up.object FIELD_OBJECT_UNKNOWN") == true, "\(nothing as Any)")
            let room = try await workspace.create(
                ObjectDefinition(name: "room", displayName: "Room", pluralDisplayName: "Rooms"))
            try await workspace.create(
                FieldDefinition(
                    object: "custom.room", name: "account", kind: .reference, displayName: "a",
                    referenceObject: "account"))
            try await workspace.delete(room)
            let gone = try await led(to: "custom.room")
            #expect(gone?.contains("roll_up.object FIELD_OBJECT_UNKNOWN") == true, "\(gone as Any)")
            try await workspace.restore(room)
            let there = try await led(to: "custom.room")
            #expect(there == nil)
            // Of one whose object has gone since, something else is changed.
            try await workspace.delete(room)
            try await workspace.update(FieldDefinition(id: made.id, displayName: "Rooms"))
        }
    }

    @Test func whatIsUsedStaysAndNothingGoesInARing() async throws {
        try await inWorkspace { _, workspace in
            let hours = try await workspace.create(Self.field("hours", .wholeNumber, object: "activity"))
            let worked = try await workspace.create(
                Self.field("worked", .wholeNumber, Self.hours(filter: "custom.hours > 1")))
            #expect(try await reason { try await workspace.delete(hours) } == "FIELD_IN_USE")
            #expect(
                try await reason { try await workspace.update(FieldDefinition(id: worked.id), ["roll_up"]) }
                    == "FIELD_IMMUTABLE")
            #expect(
                try await reason { try await workspace.update(FieldDefinition(id: hours.id, rollUp: Self.hours())) }
                    == "FIELD_IMMUTABLE")
            // Over records of its own kind, and by a formula of these.
            let tree = RollUp(
                object: "account", reference: "parent_account_id", function: .sum, field: "custom.double")
            let sum = try await workspace.create(
                Self.field("double", .wholeNumber, formula: "custom.worked * 2"))
            let below = try await workspace.create(Self.field("below", .wholeNumber, tree))
            #expect(below.rollUp == tree)
            let ring = try await refusal {
                try await workspace.update(FieldDefinition(id: sum.id, formula: "custom.below + 1"))
            }
            #expect(ring?.reason == "FORMULA_INVALID" && ring?.message.contains("account.custom.below") == true)
            var own = tree
            own.field = "custom.self"
            let itself = try await refusal { try await workspace.create(Self.field("self", .wholeNumber, own)) }
            #expect(itself?.reason == "ROLL_UP_INVALID")
            // It comes back when what it uses is there, and only then.
            try await workspace.delete(below)
            try await workspace.delete(sum)
            #expect(try await reason { try await workspace.restore(below) } == "ROLL_UP_INVALID")
            try await workspace.delete(worked)
            try await workspace.delete(hours)
            #expect(try await reason { try await workspace.restore(worked) } == "ROLL_UP_INVALID")
        }
    }

    @Test func thereAreTwentyOfAnObject() async throws {
        try await inWorkspace { _, workspace in
            let count = RollUp(object: "activity", reference: "account_id", function: .count)
            for number in 0..<TenantModel.rollUpCountMax {
                try await workspace.create(Self.field("n\(number)", .wholeNumber, count))
            }
            #expect(
                try await reason { try await workspace.create(Self.field("more", .wholeNumber, count)) }
                    == "ROLL_UPS_TOO_MANY")
            try await workspace.create(
                Self.field(
                    "n", .wholeNumber, RollUp(object: "activity", reference: "contact_id", function: .count),
                    object: "contact"))
        }
    }

    /// A file may name a roll-up before what it uses; what comes out is what went in.
    @Test func modelsHaveThem() async throws {
        try await inWorkspace { _, workspace in
            let model = WorkspaceModel(
                objects: [
                    ObjectDefinition(name: "shelf", displayName: "架", pluralDisplayName: "架"),
                    ObjectDefinition(name: "book", displayName: "书", pluralDisplayName: "书"),
                ],
                fields: [
                    Self.field(
                        "pages", .wholeNumber,
                        RollUp(object: "custom.book", reference: "custom.shelf", function: .sum, field: "custom.twice"),
                        object: "custom.shelf"),
                    Self.field("twice", .wholeNumber, object: "custom.book", formula: "custom.pages * 2"),
                    Self.field("pages", .wholeNumber, object: "custom.book"),
                    FieldDefinition(
                        object: "custom.book", name: "shelf", kind: .reference, displayName: "s",
                        referenceObject: "custom.shelf"),
                ])
            let client = WorkspaceModelServiceClient(channel: workspace.channel(as: nil, requestID: nil))
            _ = try await client.applyWorkspaceModel(ApplyWorkspaceModelRequest(model: model))
            let made = try #require(try await client.getWorkspaceModel(GetWorkspaceModelRequest()).model)
            #expect(made.fields.compactMap(\.rollUp) == model.fields.compactMap(\.rollUp))
            let again = try await client.applyWorkspaceModel(ApplyWorkspaceModelRequest(model: made))
            #expect(again.changes.isEmpty)
        }
    }

    /// A declared field that names records is called after them: services and identity mean the same.
    @Test func declaredReferencesAreKnownByTheirNames() {
        let catalogue = RoleCatalogue.product
        let named = [
            ("activity", "account_id", "account"), ("activity", "contact_id", "contact"),
            ("account", "parent_account_id", "account"), ("account_contact", "account_id", "account"),
            ("account_contact", "contact_id", "contact"), ("lead", "account_id", "account"),
            ("lead", "contact_id", "contact"), ("stage", "pipeline_id", "pipeline"), ("deal", "stage_id", "stage"),
            ("activity", "deal_id", "deal"), ("deal", "account_id", "account"), ("deal", "contact_id", "contact"),
            ("activity", "owner_id", nil), ("activity", "department_id", nil),
            ("account", "external_id", nil), ("account", "id", nil), ("account", "no_account_id", nil),
        ]
        for (object, field, other) in named {
            #expect(catalogue.named(by: field, of: object) == other, "\(object).\(field)")
        }
    }
}
