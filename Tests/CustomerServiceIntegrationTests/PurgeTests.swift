import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import Postgres
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

/// Deleted records go for good when their time is over, and what others name stays.
@Suite struct PurgeTests {
    private func run(_ body: @escaping @Sendable (TestService, Purging) async throws -> Void) async throws {
        try await TestService.run(CustomerService.definition) { service in
            service.set(WorkspaceSettings(deletedRecordsKeptDays: 30))
            try await body(service, Purging(service))
        }
    }

    private func count(_ table: String, _ service: TestService) async throws -> Int64 {
        try await service.number("SELECT count(*) FROM {schema}.\(table)")
    }

    @Test func whatWasDeletedLongAgoIsGoneAndItsPastForgotten() async throws {
        try await run { service, purging in
            let account = try await service.create(Account(displayName: "Quokka"))
            try await service.update(Account(id: account.id, displayName: "Wombat"), ["display_name"])
            let living = try await service.create(Account(displayName: "Emu"))
            try await service.delete(account)
            try await purging.age()
            let early = try await purging.night(after: 29)
            #expect(early.state == .done && early.purged("account") == 0 && early.report == nil)
            #expect(try await count("accounts", service) == 2)
            let job = try await purging.night(after: 31)
            #expect(job.state == .done && job.purged("account") == 1 && job.kept("account") == [:])
            #expect(try await count("accounts", service) == 1)
            let told = try await service.sql(
                """
                SELECT record_version, before::text, after::text, purpose, actor_id::text FROM {schema}.ledger
                WHERE object = 'account' AND record_id = '\(account.id ?? "")' ORDER BY record_version
                """)
            #expect(try told.map { try $0.int64(0) } == [1, 2, 3, 4])
            #expect(try told.map { try $0.optionalString(3) } == [nil, nil, nil, "purge_deleted"])
            let texts = try told.map { try "\($0.optionalString(1) ?? "-") \($0.string(2))" }.joined()
            #expect(!texts.contains("Quokka") && !texts.contains("Wombat"))
            #expect(try told[0].isNull(1) && told[0].string(2) == "{}" && told[3].string(2) == "{}")
            #expect(try told[2].string(2).contains("delete_time"))
            let other = try await service.number(
                "SELECT count(*) FROM {schema}.ledger WHERE record_id = '\(living.id ?? "")' AND after::text LIKE '%Emu%'"
            )
            #expect(other == 1)
            #expect(try await refusal { try await service.restore(account) }?.reason == "RECORD_NOT_FOUND")
        }
    }

    @Test func withoutATimeNothingGoes() async throws {
        try await run { service, purging in
            let account = try await service.create(Account(displayName: "a"))
            try await service.delete(account)
            try await purging.age()
            service.set(WorkspaceSettings())
            #expect(try await purging.night(after: 5_000).state == .done)
            for days: Int64 in [-1, 0, 29, 3_651, 1_000_000_000] {
                service.set(WorkspaceSettings(deletedRecordsKeptDays: days))
                #expect(try await purging.night(after: 5_000).state == .done)
            }
            #expect(try await count("accounts", service) == 1)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger_marks") == 2)
        }
    }

    /// A link goes with the end that took it along, and no earlier: it would come back with it.
    @Test func aPartGoesWithItsWhole() async throws {
        try await run { service, purging in
            let (account, contact) = try await (
                service.create(Account(displayName: "a")), service.create(Contact(familyName: "c"))
            )
            let other = try await service.create(Contact(familyName: "o"))
            try await service.link(account, contact)
            let ended = try await service.link(account, other)
            try await service.delete(ended)
            try await service.delete(contact)
            // Somebody restores the contact in the midst of it: link and contact both stay.
            try await purging.age()
            _ = try await service.postgres.holding(
                "SELECT FROM \(service.tenant.schema(.customer).name).contacts WHERE id = '\(contact.id ?? "")' FOR UPDATE"
            ) {
                let job = try await purging.night(after: 31)
                #expect(job.purged("account_contact") == 1 && job.purged("contact") == 0)
            }
            #expect(try await count("account_contacts", service) == 1)
            try await service.restore(contact)
            #expect(try await service.living().count == 1)
            try await service.delete(contact)
            try await purging.age()
            let job = try await purging.night(after: 31)
            #expect(job.purged("account_contact") == 1 && job.purged("contact") == 1)
            #expect(try await count("account_contacts", service) == 0)
            #expect(try await count("contacts", service) == 1)
            #expect(try await service.get(account).displayName == "a")
        }
    }

    @Test func whatOthersNameStaysUntilTheyAreGone() async throws {
        try await run { service, purging in
            let parent = try await service.create(Account(displayName: "p"))
            let child = try await service.create(Account(displayName: "c", parentAccountID: parent.id))
            let grandchild = try await service.create(Account(displayName: "g", parentAccountID: child.id))
            let contact = try await service.create(Contact(familyName: "c"))
            let call = try await service.create(
                Activity(
                    kind: .call, subject: "s", occurTime: .now(), accountID: grandchild.id, contactID: contact.id))
            let lead = try await service.create(
                Lead(familyName: "l", status: .new, accountID: parent.id, contactID: contact.id))
            for account in [parent, child, grandchild] { try await service.delete(account) }
            try await service.delete(contact)
            try await service.delete(lead)
            try await purging.age()
            let job = try await purging.night(after: 31)
            #expect(job.purged("lead") == 1 && job.purged("account") == 0 && job.purged("contact") == 0)
            #expect(job.kept("account") == ["RECORD_IN_USE": 3] && job.kept("contact") == ["RECORD_IN_USE": 1])
            #expect(try await service.get(call).accountID == grandchild.id)
            try await service.delete(call)
            try await purging.age()
            let last = try await purging.night(after: 31)
            #expect(last.purged("activity") == 1 && last.purged("account") == 3 && last.purged("contact") == 1)
            #expect(last.kept("account") == [:] && last.report?.refusedCount == 0)
        }
    }

    @Test func whatWasRestoredStays() async throws {
        try await run { service, purging in
            let account = try await service.create(Account(displayName: "a"))
            try await service.delete(account)
            try await purging.age()
            try await service.restore(account)
            #expect(try await purging.night(after: 31).purged("account") == 0)
            try await service.delete(account)
            // To the database the second deletion is of today.
            let early = try await purging.night(after: 31)
            #expect(early.purged("account") == 0 && early.kept("account") == ["RECORD_TOO_NEW": 1])
            let schema = service.tenant.schema(.customer).name
            _ = try await service.postgres.rows(
                "UPDATE \(schema).ledger_marks SET position = (SELECT max(position) FROM \(schema).ledger)")
            let told = try await purging.night(after: 31)
            #expect(told.purged("account") == 0 && told.kept("account") == ["RECORD_TOO_NEW": 1])
            try await purging.endFeed()
            #expect(try await purging.night(after: 31).purged("account") == 1)
        }
    }

    /// Deals, and whoever else named the old record, would be the new one's.
    @Test func theIDOfWhatIsGoneIsNeverFree() async throws {
        try await run { service, purging in
            let account = try await service.create(Account(displayName: "a", externalID: "x"))
            try await service.delete(account)
            let again = Account(id: account.id, displayName: "b", externalID: "x")
            #expect(try await refusal { try await service.create(again) }?.reason == "RECORD_DELETED")
            try await purging.age()
            #expect(try await purging.night(after: 31).purged("account") == 1)
            #expect(try await refusal { try await service.create(again) }?.reason == "ID_TAKEN")
            let batch = try await service.batchCreate([again, Account(displayName: "b", externalID: "x")])
            #expect(batch.results.map { $0.reason ?? "" } == ["ID_TAKEN", ""])
            #expect(try await count("accounts", service) == 1)
        }
    }
}
