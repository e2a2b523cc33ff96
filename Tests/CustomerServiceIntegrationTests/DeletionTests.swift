import AccessControl
import Contracts
import CustomerContracts
import CustomerService
import Postgres
import RPC
import Tenancy
import TestService
import Testing

/// The table of README.md: what happens to each reference, unique value and flag when either end is deleted or restored.
@Suite struct DeletionTests {
    @Test func aDeletedContactIsNobodysPrimary() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let first = try await customers.create(Contact(familyName: "First"))
            let second = try await customers.create(Contact(familyName: "Second"))
            let old = try await customers.link(account, first, primary: true)
            try await customers.delete(first)
            #expect(try await customers.living().isEmpty)
            let new = try await customers.link(account, second, primary: true)
            // Back again, but no longer the first.
            try await customers.restore(first)
            let living = try await customers.living()
            #expect(living[old.id ?? ""]?.primaryContact == nil && living[old.id ?? ""] != nil)
            #expect(living[new.id ?? ""]?.primaryContact == true)
            // When nobody took the place meanwhile, the place is kept.
            try await customers.delete(second)
            try await customers.restore(second)
            #expect(try await customers.living()[new.id ?? ""]?.primaryContact == true)
            // Each step of the link is in the ledger, in the name of who deleted or restored the contact.
            let told = try await customers.sql(
                """
                SELECT method, record_version FROM {schema}.ledger
                WHERE object = 'account_contact' AND record_id = '\(old.id ?? "")' ORDER BY record_version
                """)
            #expect(try told.map { try $0.int64(1) } == [1, 2, 3])
            #expect(try told.last?.string(0).hasSuffix("RestoreContact") == true)
        }
    }

    @Test func linksGoAndComeBackWithTheirAccount() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let stays = try await customers.create(Contact(familyName: "Stays"))
            let goes = try await customers.create(Contact(familyName: "Goes"))
            let kept = try await customers.link(account, stays, primary: true)
            let ended = try await customers.link(account, goes)
            let before = try await customers.link(account, try await customers.create(Contact(familyName: "Before")))
            try await customers.delete(before)
            try await customers.delete(account)
            #expect(try await customers.living().isEmpty)
            #expect(try await customers.get(stays).id == stays.id)
            try await customers.delete(goes)
            try await customers.restore(account)
            // A link needs both ends; one that was deleted before stays so.
            #expect(try await customers.living().keys.sorted() == [kept.id ?? ""])
            let alone = try await refusal { try await customers.restore(ended) }
            #expect(alone?.code == .failedPrecondition && alone?.reason == "REFERENCE_DELETED")
            #expect(alone?.details.map(\.value).contains("contact_id") == true)
            // With its last end it comes back by itself.
            try await customers.restore(goes)
            #expect(try await customers.living().keys.sorted() == [kept.id ?? "", ended.id ?? ""].sorted())
        }
    }

    @Test func aRestoredLinkGivesWayToTheNewPrimary() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let old = try await customers.link(
                account, try await customers.create(Contact(familyName: "Old")), primary: true)
            try await customers.delete(old)
            try await customers.link(account, try await customers.create(Contact(familyName: "New")), primary: true)
            let back = try await customers.restore(old)
            #expect(back.primaryContact == nil && back.deleteTime == nil)
        }
    }

    /// Who may delete a contact ends its links, whosever they are.
    @Test func linksOfOthersGoWithOnesOwnContact() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let rep = customers.makeUser([("contact", "*", .all)])
            let account = try await customers.create(Account(displayName: "Acme"))
            let contact = try await customers.create(Contact(familyName: "Shared"))
            try await customers.link(account, contact)
            try await customers.delete(contact, as: rep)
            #expect(try await customers.living().isEmpty)
        }
    }

    @Test func moreLinksThanFitAreToldOf() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            for _ in 0..<2 {
                let contacts = (0..<510).map { Contact(familyName: "Contact \($0)") }
                let made = try await customers.batchCreate(contacts).records
                try await customers.batchCreate(made.map { AccountContact(accountID: account.id, contactID: $0.id) })
            }
            let error = try await refusal { try await customers.delete(account) }
            #expect(error?.code == .failedPrecondition && error?.reason == "PARTS_TOO_MANY")
            #expect(error?.details.map(\.value) == ["account_contact", "1000"])
            _ = try await customers.get(account)
            for link in try await customers.living().keys.prefix(20) {
                try await customers.delete(AccountContact.self, link)
            }
            try await customers.delete(account)
            try await customers.restore(account)
            let filter = "account_id = \"\(account.id ?? "")\""
            let page = try await AccountContactServiceClient(channel: customers.channel()).listAccountContacts(
                ListAccountContactsRequest(filterExpression: filter, pageSize: 1, includeCount: true))
            #expect(page.count?.value == 1000)
        }
    }

    @Test func anAccountKeepsItsDeletedParent() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let parent = try await customers.create(Account(displayName: "Group"))
            let child = try await customers.create(Account(displayName: "Branch", parentAccountID: parent.id))
            try await customers.delete(parent)
            let kept = try await customers.get(child)
            #expect(kept.parentAccountID == parent.id)
            let changed = try await customers.update(Account(id: child.id, city: "Rom"), ["city"])
            #expect(changed.parentAccountID == parent.id)
            let anew = try await refusal {
                try await customers.create(Account(displayName: "Second", parentAccountID: parent.id))
            }
            #expect(anew?.reason == "REFERENCE_NOT_FOUND")
            // No ring is closed over what is deleted and may come back.
            let top = try await customers.create(Account(displayName: "Top"))
            try await customers.restore(parent)
            try await customers.update(Account(id: parent.id, parentAccountID: top.id), ["parent_account_id"])
            try await customers.delete(parent)
            let ring = try await refusal {
                try await customers.update(Account(id: top.id, parentAccountID: child.id), ["parent_account_id"])
            }
            #expect(ring?.reason == "ACCOUNT_CYCLE")
        }
    }

    @Test func anActivityKeepsWhatItWasAbout() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let contact = try await customers.create(Contact(familyName: "Wile"))
            let deal = customers.foreign.make("deal")
            let activity = try await customers.create(
                Activity(
                    kind: .call, subject: "x", accountID: account.id, contactID: contact.id, dealID: deal.text))
            try await customers.delete(account)
            try await customers.delete(contact)
            customers.foreign.delete("deal", deal)
            try await customers.delete(activity)
            let back = try await customers.restore(activity)
            #expect(back.accountID == account.id && back.contactID == contact.id && back.dealID == deal.text)
        }
    }

    @Test func uniqueValuesAreThoseOfTheLiving() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let wish = Account(displayName: "Acme", externalID: "e", taxID: "t")
            let account = try await customers.create(wish)
            try await customers.delete(account)
            var again = wish
            again.id = account.id
            let taken = try await refusal { try await customers.create(again) }
            #expect(taken?.reason == "RECORD_DELETED" && taken?.message.contains("restore") == true)
            let batch = try await customers.batchCreate([again])
            #expect(batch.results.map(\.reason) == ["RECORD_DELETED"])
            let stranger = customers.makeUser([("account", "read", .own), ("account", "create", .own)])
            #expect(try await refusal { try await customers.create(again, as: stranger) }?.reason == "ID_TAKEN")
            let second = try await customers.create(wish)
            let back = try await refusal { try await customers.restore(account) }
            #expect(["EXTERNAL_ID_TAKEN", "TAX_ID_TAKEN"].contains(back?.reason))
            try await customers.delete(second)
            try await customers.restore(account)
        }
    }

    @Test func keysOfContactsAndActivitiesAreThoseOfTheLiving() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let contact = try await customers.create(Contact(familyName: "Wile", externalID: "e"))
            #expect(
                try await refusal { try await customers.create(Contact(familyName: "E", externalID: "e")) }?.reason
                    == "EXTERNAL_ID_TAKEN")
            try await customers.delete(contact)
            let second = try await customers.create(Contact(familyName: "E", externalID: "e"))
            #expect(try await refusal { try await customers.restore(contact) }?.reason == "EXTERNAL_ID_TAKEN")
            try await customers.delete(second)
            try await customers.restore(contact)

            func note() async throws -> Activity {
                try await customers.create(Activity(kind: .note, subject: "x", externalID: "e"))
            }
            let first = try await note()
            #expect(try await refusal { try await note() }?.reason == "EXTERNAL_ID_TAKEN")
            try await customers.delete(first)
            _ = try await note()
            let back = try await refusal { try await customers.restore(first) }
            #expect(back?.reason == "EXTERNAL_ID_TAKEN")
        }
    }

    @Test func anAccountAndAContactAreLinkedOnce() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let contact = try await customers.create(Contact(familyName: "Wile"))
            let first = try await customers.link(account, contact)
            #expect(
                try await refusal { try await customers.link(account, contact) }?.reason == "CONTACT_ALREADY_LINKED")
            try await customers.delete(first)
            let second = try await customers.link(account, contact)
            func restore() async throws {
                try await customers.restore(first)
            }
            #expect(try await refusal { try await restore() }?.reason == "CONTACT_ALREADY_LINKED")
            // The contact takes the living link along and brings that one back.
            try await customers.delete(contact)
            try await customers.restore(contact)
            #expect(try await customers.living().keys.sorted() == [second.id ?? ""])
            try await customers.delete(account)
            let noAccount = try await refusal { try await restore() }
            #expect(noAccount?.reason == "REFERENCE_DELETED")
            #expect(noAccount?.details.map(\.value).contains("account_id") == true)
        }
    }

    @Test func aRestoredAccountKeepsItsDeletedParent() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let parent = try await customers.create(Account(displayName: "Group"))
            let child = try await customers.create(Account(displayName: "Branch", parentAccountID: parent.id))
            try await customers.delete(child)
            try await customers.delete(parent)
            try await customers.restore(child)
            let back = try await customers.get(child)
            #expect(back.parentAccountID == parent.id)
        }
    }

    /// Whether the last name may be taken off tells whether there is another.
    @Test func aNameThatMayNotBeReadIsNotFoundOut() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let both = try await customers.create(Contact(givenName: "Wile", familyName: "Coyote"))
            let one = try await customers.create(Contact(givenName: "Wile"))
            for level in [FieldLevel.none, .masked] {
                let clerk = customers.makeUser(
                    [("contact", "*", .all)], hiding: [("contact", "family_name", level)])
                for contact in [both, one] {
                    let refused = try await refusal {
                        try await customers.update(Contact(id: contact.id), ["given_name"], as: clerk)
                    }
                    #expect(refused?.reason == "FIELD_NOT_READABLE")
                    try await customers.update(Contact(id: contact.id, givenName: "W"), ["given_name"], as: clerk)
                }
            }
        }
    }

    /// Owners and departments that are gone stay named; a record is no less whole without them.
    @Test func aRecordKeepsAnOwnerWhoIsGone() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let account = try await customers.create(Account(displayName: "Acme"))
            let gone = RecordID.make()
            try await customers.sql(
                "UPDATE {schema}.accounts SET owner_id = '\(gone.text)', department_id = '\(gone.text)'")
            let changed = try await customers.update(Account(id: account.id, city: "Rom"), ["city"])
            #expect(changed.ownerID == gone.text && changed.departmentID == gone.text)
            try await customers.delete(account)
            try await customers.restore(account)
            let given = try await refusal {
                try await customers.update(Account(id: account.id, ownerID: RecordID.make().text), ["owner_id"])
            }
            #expect(given?.reason == "REFERENCE_NOT_FOUND")
        }
    }

    /// Links of contacts and accounts that were deleted before links went with them.
    @Test func oldLinksOfTheDeletedEnd() async throws {
        let last = 4
        try await TestService.run(
            CustomerService.definition, from: last,
            old: { customers in
                // As that release would have made them, which knew no later columns.
                let standard = "gen_random_uuid(), 1, now(), now(), '\(customers.admin.id.text)'"
                try await customers.sql(
                    """
                    INSERT INTO {schema}.accounts (id, version, created_at, updated_at, owner_id, display_name)
                    VALUES (\(standard), 'Acme')
                    """)
                try await customers.sql(
                    """
                    INSERT INTO {schema}.contacts (id, version, created_at, updated_at, owner_id, family_name, deleted_at)
                    VALUES (\(standard), 'First', now())
                    """)
                try await customers.sql(
                    """
                    INSERT INTO {schema}.account_contacts
                        (id, version, created_at, updated_at, owner_id, account_id, contact_id, primary_contact)
                    SELECT \(standard), account.id, contact.id, true
                    FROM {schema}.accounts AS account, {schema}.contacts AS contact
                    """)
            },
            { customers in
                #expect(try await customers.living().isEmpty)
                let page = try await customers.list(Contact.self, deleted: true)
                try await customers.restore(try #require(page.first))
                #expect(try await customers.living().values.map(\.primaryContact) == [true])
            })
    }
}
