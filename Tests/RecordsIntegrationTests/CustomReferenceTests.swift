import AccessControl
import Contracts
import CustomerContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import Records

/// Fields that a workspace has added and that name records.
@Suite struct CustomReferenceTests {
    private static let fields = [
        TenantField(object: "account", number: 1, name: "partner", kind: .reference, referenceObject: "account"),
        TenantField(object: "account", number: 2, name: "buyer", kind: .reference, referenceObject: "contact"),
        TenantField(object: "account", number: 3, name: "auditor", kind: .reference, referenceObject: "user"),
        TenantField(object: "account", number: 4, name: "branch", kind: .reference, referenceObject: "department"),
        TenantField(object: "account", number: 5, name: "gone", kind: .reference, referenceObject: "custom.gone"),
    ]

    private static func run(_ body: @escaping @Sendable (TestService) async throws -> Void) async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set(fields)
            try await body(service)
        }
    }

    private func value(_ name: String, _ id: String?) -> CustomField { CustomField(name: name, stringValue: id) }

    private func account(_ name: String, _ values: CustomField...) -> Account {
        Account(customFields: values, displayName: name)
    }

    private func names(_ accounts: [Account]) -> [String] { accounts.compactMap(\.displayName) }

    @Test func whatIsNamedIsThereAndMayBeRead() async throws {
        try await Self.run { service in
            let (admin, user) = (
                service.makeUser([("account", "*", .all), ("contact", "*", .all)]),
                service.makeUser([("account", "*", .own)])
            )
            let (partner, buyer) = (
                try await service.create(Account(displayName: "Nord"), as: admin),
                try await service.create(Contact(familyName: "王"), as: admin)
            )
            let department = service.makeDepartment()
            let all = [
                value("partner", partner.id), value("buyer", buyer.id), value("auditor", user.id.text),
                value("branch", department.text),
            ]
            let made = try await service.create(Account(customFields: all, displayName: "a"), as: admin)
            #expect(made.customFields == all)
            #expect(try await service.get(made) == made)
            // Upper case is the same id.
            let upper = try await service.create(account("b", value("partner", partner.id?.uppercased())), as: admin)
            #expect(upper.customFields.first?.stringValue == partner.id)
            let nobody = RecordID.make().text
            for name in ["partner", "buyer", "auditor", "branch", "gone"] {
                let refused = try await denial {
                    try await service.create(account("x", value(name, nobody)), as: admin)
                }
                let places = refused.fieldViolations.map { "\($0.field) \($0.reason)" }
                #expect(places == ["account.custom.\(name) REFERENCE_NOT_FOUND"])
                let batch = try await service.batchCreate(
                    [account("x", value(name, nobody)), account("y")], as: admin)
                #expect(batch.results.map(\.reason) == ["REFERENCE_NOT_FOUND", nil], "\(name)")
            }
            let form = try await denial { try await service.create(account("x", value("partner", "Nord")), as: admin) }
            #expect(form.fieldViolations.map(\.field) == ["account.custom.partner"])
            // What somebody may not read he cannot name.
            for name in ["partner", "buyer"] {
                let id = name == "partner" ? partner.id : buyer.id
                let refused = try await denial { try await service.create(account("x", value(name, id)), as: user) }
                #expect(refused.fieldViolations.map(\.reason) == ["REFERENCE_NOT_FOUND"], "\(name)")
            }
            // What is there already stays, whoever edits the rest.
            let own = try await service.update(Account(id: made.id, ownerID: user.id.text), as: admin)
            let edited = try await service.update(Account(id: own.id, customFields: all, city: "Rom"), as: user)
            #expect(edited.customFields == all && edited.city == "Rom")
        }
    }

    @Test func listsAskWhatIsNamed() async throws {
        try await Self.run { service in
            let admin = service.makeUser([("account", "*", .all), ("contact", "*", .all)])
            var partners: [Account] = []
            for name in ["Süd", "Nord", "绿地"] {
                partners.append(try await service.create(Account(displayName: name, city: "Ulm"), as: admin))
            }
            for (name, partner) in zip(["c", "a", "b"], partners) {
                try await service.create(account(name, value("partner", partner.id)), as: admin)
            }
            try await service.create(account("none"), as: admin)
            let id = partners[1].id ?? ""
            #expect(names(try await service.list(Account.self, "custom.partner = '\(id)'")) == ["a"])
            #expect(
                names(try await service.list(Account.self, "custom.partner in ('\(id)', '\(RecordID.make().text)')"))
                    == ["a"])
            #expect(names(try await service.list(Account.self, "custom.partner.display_name = '绿地'")) == ["b"])
            let others = try await service.list(
                Account.self, "custom.partner.display_name != 'Nord' AND city != 'Ulm'", by: ["display_name"])
            #expect(names(others) == ["b", "c", "none"])
            let ordered = try await service.list(
                Account.self, "custom.partner is set", by: ["custom.partner.display_name desc"])
            #expect(names(ordered) == ["b", "c", "a"])
            // A record that somebody may not read is as good as not there.
            let user = service.makeUser([("account", "read", .own), ("account", "update", .all)])
            let seen = try await service.list(Account.self, "custom.partner.city = 'Ulm'", as: user)
            #expect(seen == [])
            #expect(
                try await denial { try await service.list(Account.self, "custom.buyer.family_name = '王'", as: user) }
                    .reason == "PERMISSION_MISSING")
            // One that is deleted stays named, and nothing is asked of it.
            try await service.delete(partners[2])
            #expect(names(try await service.list(Account.self, "custom.partner = '\(partners[2].id ?? "")'")) == ["b"])
            #expect(try await service.list(Account.self, "custom.partner.display_name = '绿地'") == [])
        }
    }

    @Test func aNumberIsAsPreciseAsItsFieldSays() async throws {
        try await TestService.run(SampleService.definition) { service in
            service.set([
                TenantField(object: "account", number: 1, name: "weight", kind: .number, decimals: 2),
                TenantField(object: "account", number: 2, name: "count", kind: .number, decimals: 0),
            ])
            func violations(_ name: String, _ number: Double) async throws -> [String] {
                let record = Account(customFields: [CustomField(name: name, doubleValue: number)], displayName: "a")
                return try await refusal { try await service.create(record) }?.fieldViolations.map(\.reason) ?? []
            }
            let cases: [(String, Double, [String])] =
                [0, 1.5, -12.34, 0.07, 1e15, 123_456_789_012.25, 1e300, -0.1].map { ("weight", $0, []) }
                + [0.001, 12.345, -1e-7, 0.1 + 0.2, 1.005].map { ("weight", $0, ["TOO_PRECISE"]) }
                + [("count", 7, []), ("count", 7.5, ["TOO_PRECISE"])]
            for (name, number, expected) in cases {
                let reasons = try await violations(name, number)
                #expect(reasons == expected, "\(name) \(number)")
            }
        }
    }
}
