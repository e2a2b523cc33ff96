import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import RPC
import Records
import Tenancy
import TestService
import Testing

/// Objects whose records everybody reads or writes who may do so with his own, and whose names are another field's values.
@Suite struct OpenObjectTests {
    private static func run(
        _ openness: ShareUse?, displayField: String? = nil, kind: TenantField.Kind = .text,
        _ body: @escaping @Sendable (TestService) async throws -> Void
    ) async throws {
        try await TestService.run(CustomerService.definition) { service in
            let fields = [
                TenantField(
                    object: "custom.course", number: 1, name: "code", kind: kind, lengthMax: kind == .text ? 400 : nil)
            ]
            service.set(
                fields,
                objects: [
                    TenantObject(name: "course", number: 4, displayField: displayField, openness: openness),
                    TenantObject(name: "closed", number: 5),
                ])
            service.name("course")
            try await body(service)
        }
    }

    @Test(arguments: [nil, ShareUse.reading, .writing]) func othersDoWhatTheObjectOpens(_ openness: ShareUse?)
        async throws
    {
        try await Self.run(openness) { service in
            let own: [(String, String, Scope)] = [("custom.course", "*", .own), ("custom.closed", "*", .own)]
            let (owner, other) = (service.makeUser(own), service.makeUser(own))
            let (reader, stranger) = (
                service.makeUser([("custom.course", "read", .own)]), service.makeUser([("account", "*", .all)])
            )
            let record = try await service.create(Record(displayName: "Swift"), as: owner)
            for user in [other, reader] {
                let listed = try await service.list(Record.self, as: user).map(\.displayName)
                #expect(listed == (openness == nil ? [] : ["Swift"]))
                let got = try await refusal { try await service.get(record, as: user) }?.reason
                #expect(got == (openness == nil ? "RECORD_NOT_FOUND" : nil))
            }
            let edit = try await refusal {
                try await service.update(Record(id: record.id, displayName: "Swift 6"), as: other)
            }?.reason
            #expect(
                edit == (openness == .writing ? nil : openness == .reading ? "RECORD_OUT_OF_SCOPE" : "RECORD_NOT_FOUND")
            )
            let byReader = try await denial {
                try await service.update(Record(id: record.id, displayName: "Mine"), as: reader)
            }
            #expect(byReader.code == .permissionDenied)
            // Who may not read any of them reads none, and what others own is not deleted by who may only write.
            let none = try await denial { try await service.list(Record.self, as: stranger) }
            #expect(none.reason == "PERMISSION_MISSING")
            let deleted = try await refusal { try await service.delete(record, as: other) }?.reason
            #expect(deleted == (openness == nil ? "RECORD_NOT_FOUND" : "RECORD_OUT_OF_SCOPE"))
            if openness != nil {
                let told = try await service.explain("custom.course", record.id, of: other, as: service.admin)
                #expect(told["read"]?.byDefault == true && told["read"]?.inScope == false)
                #expect(told["update"]?.allowed == (openness == .writing) && told["delete"]?.allowed == false)
            }
            // What is open to all is taken by nobody.
            for mine in [Record(id: record.id, ownerID: other.id.text)] {
                let taken = try await refusal { try await service.update(mine, ["owner_id"], as: other) }?.reason
                #expect(taken == (openness == nil ? "RECORD_NOT_FOUND" : "RECORD_OUT_OF_SCOPE"))
            }
            // Another object of the workspace is as it was.
            service.name("closed")
            let closed = try await service.create(Record(displayName: "c"), as: owner)
            let hidden = try await denial { try await service.get(closed, as: other) }
            #expect(hidden.reason == "RECORD_NOT_FOUND")
        }
    }

    @Test func aNameFollowsItsField() async throws {
        try await Self.run(nil, displayField: "code") { service in
            func code(_ text: String) -> [CustomField] { [CustomField(name: "code", stringValue: text)] }
            let made = try await service.create(Record(customFields: code("长-1")))
            #expect(made.displayName == "长-1")
            let written = try await denial {
                try await service.update(Record(id: made.id, displayName: "x"), ["display_name"])
            }
            #expect(written.reason == "FIELD_OUTPUT_ONLY")
            let cut = try await service.update(
                Record(id: made.id, customFields: code(String(repeating: "长", count: 201))))
            #expect(cut.displayName == String(repeating: "长", count: 199) + "…")
            let none = try await service.update(Record(id: made.id), ["custom.code"])
            #expect(none.displayName == nil)
            let changed = try await service.update(Record(id: made.id, customFields: code("bb")))
            let found = try await service.list(Record.self, "display_name = bb")
            #expect(changed.displayName == "bb" && found.map(\.id) == [made.id])
            // Who may not read the field does not read it under the other name.
            let user = service.makeUser(
                [("custom.course", "*", .all)], hiding: [("custom.course", "custom.code", .none)])
            let seen = try await service.get(made, as: user)
            #expect(seen.displayName == nil && seen.customFields.isEmpty)
            let filtered = try await denial { try await service.list(Record.self, "display_name = bb", as: user) }
            #expect(filtered.reason == "FIELD_NOT_READABLE")
            let sorted = try await denial { try await service.list(Record.self, by: ["display_name"], as: user) }
            #expect(["FIELD_NOT_READABLE", "ORDER_INVALID"].contains(sorted.reason))
        }
    }

    @Test func aNumberIsAName() async throws {
        try await Self.run(nil, displayField: "code", kind: .wholeNumber) { service in
            let code = CustomField(name: "code", intValue: -7)
            let made = try await service.create(Record(customFields: [code]))
            #expect(made.displayName == "-7")
        }
    }

    /// A name that people gave before there was the field stays until it has a value; a formula gives no names, since it could be one over the name.
    @Test func namesThatAreOlderStay() async throws {
        try await TestService.run(CustomerService.definition) { service in
            let objects = [TenantObject(name: "course", number: 4, displayField: "code")]
            service.set([], objects: objects)
            service.name("course")
            let typed = try await service.create(Record(displayName: "重要"))
            let formula = TenantField(
                object: "custom.course", number: 1, name: "code", kind: .text, formula: "display_name & \"x\"")
            service.set([formula], objects: objects)
            let same = try await service.update(Record(id: typed.id, displayName: "重要 2"))
            #expect(same.displayName == "重要 2" && same.customFields.first?.stringValue == "重要 2x")
            service.set([TenantField(object: "custom.course", number: 2, name: "code", kind: .text)], objects: objects)
            let kept = try await service.update(Record(id: typed.id, externalID: "E"))
            #expect(kept.displayName == "重要 2")
            let named = try await service.update(
                Record(id: typed.id, customFields: [CustomField(name: "code", stringValue: "C-1")]))
            #expect(named.displayName == "C-1")
        }
    }

    /// A formula over the name is one over the field that gives it: reckoned from the new name, and hidden with the field.
    @Test func aFormulaOverTheNameFollowsTheField() async throws {
        try await TestService.run(CustomerService.definition) { service in
            func field(_ number: Int64, _ name: String, _ formula: String? = nil) -> TenantField {
                TenantField(
                    object: "custom.course", number: number, name: name, kind: .text, lengthMax: 400, formula: formula)
            }
            service.set(
                [field(1, "code"), field(2, "copy", "upper(display_name)"), field(3, "twice", "custom.copy & \"!\"")],
                objects: [TenantObject(name: "course", number: 4, displayField: "code")])
            service.name("course")
            func copies(_ record: Record) -> [String: String] {
                Dictionary(
                    record.customFields.map { ($0.name ?? "", $0.stringValue ?? "") }, uniquingKeysWith: { $1 })
            }
            let made = try await service.create(
                Record(customFields: [CustomField(name: "code", stringValue: "secret")]))
            #expect(copies(made) == ["code": "secret", "copy": "SECRET", "twice": "SECRET!"])
            let changed = try await service.update(
                Record(id: made.id, customFields: [CustomField(name: "code", stringValue: "密码")]))
            #expect(copies(changed) == ["code": "密码", "copy": "密码", "twice": "密码!"])
            let user = service.makeUser(
                [("custom.course", "*", .all)], hiding: [("custom.course", "custom.code", .none)])
            let seen = try await service.get(made, as: user)
            #expect(seen.displayName == nil && seen.customFields.isEmpty)
            for path in ["display_name", "custom.copy", "custom.twice"] {
                let filtered = try await denial { try await service.list(Record.self, "\(path) = 密码", as: user) }
                #expect(filtered.reason == "FIELD_NOT_READABLE")
            }
        }
    }
}
