import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

/// Search is no side door: it finds what its caller may read, by what he may read of it.
@Suite struct SearchRightsTests {
    @Test func hiddenAndMaskedFieldsFindNothing() async throws {
        try await Searches.run { searches in
            let service = searches.service
            service.set([TenantField(object: "account", number: 1, name: "secret", kind: .text)])
            try await service.create(
                Account(
                    customFields: [CustomField(name: "secret", stringValue: "wombat")], displayName: "Acme",
                    externalID: "K-7", phone: "+49301234567", email: "ann@widget.example", taxID: "DE77", city: "Rome"
                ))
            try await service.create(
                Contact(familyName: "Coyote", contactPoints: [ContactPoint(kind: .email, value: "wile@gadget.example")])
            )
            try await searches.settle()
            let queries = [
                "ann@widget.example", "030 1234567", "1234567", "4567", "DE77", "k7", "rome", "rom", "rmoe", "wombat",
                "wile@gadget.example",
            ]
            for query in queries {
                #expect(try await searches.titles(query).count >= (query == "rmoe" ? 0 : 1), "\(query)")
            }
            let fields = ["email", "phone", "tax_id", "external_id", "city", "custom.secret"]
            for level in [FieldLevel.none, .masked] {
                let user = service.makeUser(
                    [("*", "*", .all)],
                    hiding: fields.map { ("account", $0, level) } + [("contact", "contact_points", level)])
                for query in queries { #expect(try await searches.titles(query, as: user) == [], "\(query)") }
                // Words that are found elsewhere tell nothing of them.
                let hits = try await searches.search("acme rome wombat", explain: true, as: user).hits
                #expect(hits.map(\.title) == ["Acme"] && hits[0].matches.map(\.field) == ["display_name"])
                #expect(hits[0].reasons.map(\.field) == ["display_name", nil, nil])
            }
        }
    }

    /// Of a name of which a part is hidden the whole is not found either.
    @Test func aNameIsFoundByWhatOfItMayBeRead() async throws {
        try await Searches.run { searches in
            try await searches.service.create(Contact(givenName: "Wile", familyName: "Coyote"))
            try await searches.settle()
            let user = searches.service.makeUser([("*", "*", .all)], hiding: [("contact", "family_name", .none)])
            for query in ["coyote", "coy", "coyoet", "c"] { #expect(try await searches.titles(query, as: user) == []) }
            let hits = try await searches.search("wile coyote", as: user).hits
            #expect(hits.map(\.title) == ["Wile"] && (hits[0].score ?? 0) < 10)
        }
    }

    @Test func theScopeIsThatOfLists() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let (home, other) = (service.makeDepartment(), service.makeDepartment())
            let own = service.makeUser([("account", "*", .own)], in: home)
            let unit = service.makeUser([("account", "*", .unit), ("contact", "*", .own)], in: home)
            let none = service.makeUser([("deal", "*", .all)])
            for (owner, department) in [(own, home), (unit, home), (service.admin, other)] {
                try await service.create(
                    Account(ownerID: owner.description, departmentID: department.text, displayName: "Quokka"))
                try await service.create(
                    Contact(ownerID: owner.description, departmentID: department.text, familyName: "Quokka"))
            }
            try await searches.settle()
            for (user, count) in [(service.admin, 6), (own, 1), (unit, 3)] {
                let found = try await searches.search("quokka", as: user).hits
                #expect(found.count == count)
                let seen = try await service.list(Account.self, as: user).count
                #expect(found.count { $0.object == "account" } == seen)
            }
            #expect(try await searches.refusal("quokka", as: none).reason == "PERMISSION_MISSING")
            #expect(try await searches.refusal("quokka", in: ["contact"], as: own).reason == "PERMISSION_MISSING")
            // Entries that are late decide nothing.
            service.change(unit, to: [("account", "*", .own)])
            #expect(try await searches.search("quokka", as: unit).hits.count == 1)
        }
    }

    /// What is shared is found by who sees little beside, and no more by what is hidden from him, nor when it is not shared any more.
    @Test func whatIsSharedIsFound() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let (home, other) = (service.makeDepartment(), service.makeDepartment())
            let own = service.makeUser([("account", "read", .own)], hiding: [("account", "city", .none)], in: home)
            let unit = service.makeUser([("account", "read", .unit)], in: home)
            let ends = Timestamp.now().advanced(by: .seconds(600))
            let accounts = try await service.batchCreate(
                (0..<4).map { Account(departmentID: other.text, displayName: "Quokka \($0)", city: "Wombat") }
            ).records
            try await service.share("account", accounts[0].id, RecordShare(with: own, until: ends))
            try await service.share("account", accounts[1].id, RecordShare(with: home))
            try await service.share("account", accounts[2].id, RecordShare(withRole: service.role(of: unit), .write))
            try await searches.settle()
            #expect(try await Set(searches.titles("quokka", as: own)) == ["Quokka 0", "Quokka 1"])
            #expect(try await Set(searches.titles("quokka", as: unit)) == ["Quokka 1", "Quokka 2"])
            #expect(try await searches.titles("wombat", as: own) == [])
            #expect(try await searches.titles("wombat", as: unit).count == 2)
            // The entries are late, the records are not.
            try await service.unshare("account", accounts[1].id, department: home)
            #expect(try await searches.titles("quokka", as: own) == ["Quokka 0"])
            try await searches.settle()
            #expect(try await searches.titles("quokka", as: unit) == ["Quokka 2"])
        }
    }
}
