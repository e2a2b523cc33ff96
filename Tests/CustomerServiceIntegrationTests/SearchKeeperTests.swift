import AccessControl
import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

/// Entries follow their records, whatever becomes of these.
@Suite struct SearchKeeperTests {
    @Test func entriesFollowTheirRecords() async throws {
        try await Searches.run { searches in
            let service = searches.service
            var account = try await service.create(Account(displayName: "Quokka"))
            #expect(try await searches.titles("quokka") == [])
            try await searches.settle()
            #expect(try await searches.titles("quokka") == ["Quokka"])
            account.displayName = "Wombat"
            account = try await service.update(account, ["display_name"])
            // Not yet found by the new name, and no more by the old one.
            #expect(try await searches.titles("quokka") == [])
            try await searches.settle()
            #expect(try await searches.titles("wombat") == ["Wombat"])
            let user = service.makeUser([("account", "*", .own)])
            #expect(try await searches.titles("wombat", as: user) == [])
            account.ownerID = user.description
            account = try await service.update(account, ["owner_id"])
            try await searches.settle()
            #expect(try await searches.titles("wombat", as: user) == ["Wombat"])
            try await service.delete(account)
            #expect(try await searches.titles("wombat") == [])
            try await searches.settle()
            #expect(try await service.number("SELECT count(*) FROM {schema}.search_entries") == 0)
            try await service.restore(account)
            try await searches.settle()
            #expect(try await searches.titles("wombat") == ["Wombat"])
            #expect(try await searches.healed() == 0)
        }
    }

    /// What was there before the service found anything is found, and what is written meanwhile as well.
    @Test func entriesAreMadeAnew() async throws {
        try await Searches.run { searches in
            let service = searches.service
            for batch in 0..<3 {
                try await service.batchCreate((0..<150).map { Contact(familyName: "Quokka\(batch)x\($0)") })
            }
            try await service.create(Lead(companyName: "Wombat"))
            let deadline = Deadline.after(.seconds(60))
            try await searches.settle()
            let whole = try await service.sql("SELECT record_id, terms::text FROM {schema}.search_entries ORDER BY 1")
            #expect(whole.count == 451)
            try await service.sql("DELETE FROM {schema}.search_entries WHERE object = 'contact'")
            try await searches.keeper.rebuild(service.tenant.id, deadline: deadline)
            #expect(try await searches.search("quokka0x1").indexBuilding == true)
            let later = try await service.create(Contact(familyName: "Emu"))
            _ = try await searches.keeper.step(service.tenant.id, deadline: deadline)
            #expect(try await searches.titles("emu") == ["Emu"])
            try await searches.settle()
            try await service.delete(later)
            try await searches.settle()
            let again = try await service.sql("SELECT record_id, terms::text FROM {schema}.search_entries ORDER BY 1")
            let (before, after) = (try whole.map { try $0.string(1) }, try again.map { try $0.string(1) })
            #expect(before == after)
            let answer = try await searches.search("quokka0x1")
            #expect(answer.indexBuilding == nil && answer.hits.first?.title == "Quokka0x1")
        }
    }

    /// Another way of making terms makes all entries anew, without anybody asking for it.
    @Test func anOlderFormIsMadeAnew() async throws {
        try await Searches.run { searches in
            let service = searches.service
            try await service.create(Contact(familyName: "Quokka"))
            try await searches.settle()
            try await service.sql("UPDATE {schema}.search_entries SET terms = '{}'")
            try await service.sql("UPDATE {schema}.search_builds SET form = 0")
            #expect(try await searches.titles("quokka") == [])
            try await searches.settle()
            #expect(try await searches.titles("quokka") == ["Quokka"])
        }
    }

    /// What a newer program has made is left to it.
    @Test func aNewerFormIsLeftAlone() async throws {
        try await Searches.run { searches in
            let service = searches.service
            try await service.create(Contact(familyName: "Quokka"))
            try await service.sql("UPDATE {schema}.search_builds SET form = form + 1")
            let hasMore = try await searches.keeper.step(service.tenant.id, deadline: .after(.seconds(60)))
            #expect(!hasMore)
            #expect(try await service.number("SELECT count(*) FROM {schema}.search_entries") == 0)
        }
    }

    /// A value that was written before the program knew of its field is found once it does, and nothing else is made anew for that.
    @Test func aFieldThatBecomesKnownIsSearched() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let field = TenantField(object: "account", number: 1, name: "motto", kind: .text)
            try await service.create(Contact(familyName: "Emu"))
            service.set([field])
            try await service.create(
                Account(customFields: [CustomField(name: "motto", stringValue: "quokka")], displayName: "Dam"))
            service.set([])
            try await searches.settle()
            #expect(try await searches.titles("quokka") == [])
            try await service.sql("UPDATE {schema}.search_entries SET terms = '{7}' WHERE object = 'contact'")
            service.set([field])
            #expect(try await searches.search("dam").indexBuilding == nil)
            _ = try await searches.keeper.step(service.tenant.id, deadline: .after(.seconds(60)))
            #expect(try await searches.search("dam").indexBuilding == true)
            try await searches.settle()
            #expect(try await searches.titles("quokka") == ["Dam"])
            #expect(try await searches.titles("emu") == [])
            #expect(try await searches.healed() == 1)
        }
    }

    /// Of records with very many words a step takes as many as it has time for.
    @Test func recordsWithVeryManyWordsAreFound() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let fields = (1...60).map {
                TenantField(object: "account", number: Int64($0), name: "text\($0)", kind: .text)
            }
            service.set(fields)
            try await searches.settle()
            // Each record has some 6,000 terms.
            let accounts = (0..<20).map { record in
                Account(
                    customFields: fields.map { field in
                        let words = (0..<20).map { "w\(record)x\(field.number)x\($0)" }
                        return CustomField(name: field.name, stringValue: words.joined(separator: " "))
                    }, displayName: "Quokka \(record)")
            }
            try await service.batchCreate(accounts)
            let hasMore = try await searches.keeper.step(service.tenant.id, deadline: .after(.seconds(60)))
            let count = try await service.number("SELECT count(*) FROM {schema}.search_entries")
            #expect(hasMore && (1..<20).contains(count))
            try await searches.settle()
            #expect(try await searches.titles("w19x60x19") == ["Quokka 19"])
            #expect(try await searches.healed() == 0)
        }
    }

    @Test func mistakesAreHealed() async throws {
        try await Searches.run { searches in
            let service = searches.service
            for name in ["Quokka", "Wombat", "Emu"] { try await service.create(Account(displayName: name)) }
            try await searches.settle()
            try await service.sql("UPDATE {schema}.search_entries SET terms = '{7}' WHERE object = 'account'")
            try await service.sql(
                "INSERT INTO {schema}.search_entries (record_id, object, terms) VALUES (gen_random_uuid(), 'contact', '{1}')"
            )
            #expect(try await searches.healed() == 4)
            #expect(try await searches.healed() == 0)
            #expect(try await searches.titles("wombat") == ["Wombat"])
            #expect(try await service.number("SELECT count(*) FROM {schema}.search_entries") == 3)
        }
    }

    /// With very many that fit some are looked at, the value itself among them, and the answer says so.
    @Test func ofVeryManySomeAreLookedAt() async throws {
        try await Searches.run { searches in
            let service = searches.service
            for _ in 0..<3 { try await service.batchCreate((0..<1000).map { Account(displayName: "Quokka \($0)") }) }
            try await service.create(Account(displayName: "Quokka"))
            try await searches.settle()
            let answer = try await searches.search("quokka")
            #expect(answer.sampled == true && answer.hits.count == 20 && answer.hits[0].title == "Quokka")
            let again = try await searches.search("quokka")
            #expect(answer == again)
            let one = try await searches.search("quokka 777", size: 100)
            #expect(one.hits.prefix(3).allSatisfy { $0.title == "Quokka 777" })
            let user = service.makeUser([("account", "*", .own)])
            try await service.create(Account(displayName: "Quokka mine"), as: user)
            try await searches.settle()
            for query in ["q", "quo", "quokka"] {
                #expect(try await searches.titles(query, as: user) == ["Quokka mine"])
            }
        }
    }

    /// Those of objects that the workspace has defined are found as others are, each under its object.
    @Test func recordsOfOwnObjectsAreFound() async throws {
        try await Searches.run { searches in
            let service = searches.service
            let number = TenantField(object: "custom.project", number: 1, name: "motto", kind: .text)
            service.set(
                [number], objects: [TenantObject(name: "project", number: 4), TenantObject(name: "case", number: 6)])
            for (name, object) in [("Quokka Bridge", "project"), ("Quokka Case", "case")] {
                service.name(object)
                _ = try await service.create(Record(displayName: name))
            }
            service.name("project")
            _ = try await service.create(
                Record(customFields: [CustomField(name: "motto", stringValue: "wombat forever")], displayName: "Dam"))
            try await searches.settle()
            let both = try await searches.search("quokka").hits.map { "\($0.object ?? "") \($0.title ?? "")" }
            #expect(both.sorted() == ["custom.case Quokka Case", "custom.project Quokka Bridge"])
            let format = try #require(NumberFormat("APT-{number:6}"))
            service.set(
                [number],
                objects: [
                    TenantObject(name: "project", number: 4), TenantObject(name: "case", number: 6),
                    TenantObject(name: "appointment", number: 7, numberFormat: format),
                ])
            service.name("appointment")
            _ = try await service.create(Record())
            try await searches.settle()
            let numbered = try await (searches.titles("apt000001"), searches.titles("APT-000001"))
            #expect(numbered.0 == ["APT-000001"] && numbered.1 == numbered.0)
            service.name("project")
            let motto = try await searches.titles("wombat")
            #expect(motto == ["Dam"])
            let user = service.makeUser(
                [("custom.project", "read", .all)], hiding: [("custom.project", "custom.motto", .none)])
            let few = try await searches.titles("quokka", as: user)
            let hidden = try await searches.titles("wombat", as: user)
            #expect(few == ["Quokka Bridge"] && hidden == [])
            #expect(try await searches.healed() == 0)
        }
    }
}
