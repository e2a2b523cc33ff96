import AccessControl
import Contracts
import RPC
import Records
import Testing

/// Texts that look the same are the same, whoever writes or asks and however.
@Suite struct TextTests {
    typealias Methods = AccountServiceMethods

    @Test func blanksAreRefusedAsNamesByEveryWriter() async throws {
        try await World.run { world in
            let account = try await world.create(Account(displayName: "Acme"))
            for blank in ["", "   ", "\u{3000}", "\u{200b}"] {
                let creation = try await world.refusal(
                    Methods.createAccount, CreateAccountRequest(account: Account(displayName: blank)))
                #expect(
                    creation.reason == "REQUIRED" && creation.fieldViolations.first?.field == "account.display_name")
                let update = try await world.refusal(
                    Methods.updateAccount,
                    UpdateAccountRequest(account: Account(id: account.id, displayName: blank)))
                #expect(update.reason == "REQUIRED")
                let batch: BatchCreateAccountsResponse = try await world.call(
                    Methods.batchCreateAccounts,
                    BatchCreateAccountsRequest(accounts: [Account(displayName: blank), Account(displayName: "x")]))
                #expect(batch.results.map(\.reason) == ["REQUIRED", nil])
            }
        }
    }

    @Test func uniqueValuesAreComparedAsTheyLook() async throws {
        try await World.run { world in
            _ = try await world.create(Account(displayName: "Acme", externalID: "Caf\u{e9}"))
            for text in ["Caf\u{e9} ", "\u{feff}Caf\u{e9}", "Cafe\u{301}", "\u{a0}Cafe\u{301}\u{200b}"] {
                let error = try await world.refusal(
                    Methods.createAccount,
                    CreateAccountRequest(account: Account(displayName: "x", externalID: text)))
                #expect(error.reason == "EXTERNAL_ID_TAKEN")
                let batch: BatchCreateAccountsResponse = try await world.call(
                    Methods.batchCreateAccounts,
                    BatchCreateAccountsRequest(accounts: [Account(displayName: "x", externalID: text)]))
                #expect(batch.results.map(\.reason) == ["EXTERNAL_ID_TAKEN"])
            }
        }
    }

    @Test func filtersFindWhatWasTypedInAnotherWay() async throws {
        try await World.run { world in
            let mac = try await world.create(Account(displayName: "Zoe\u{308} Müller "))
            #expect(mac.displayName?.utf8.elementsEqual("Zo\u{eb} Müller".utf8) == true)
            for expression in [
                "display_name = 'Zo\u{eb} Müller'", "display_name = ' Zoe\u{308} Mu\u{308}ller '",
                "display_name ~ 'oe\u{308}'",
                "display_name ^= 'zoe\u{308}'", "display_name in ('x', 'Zoe\u{308} Müller')",
            ] {
                let found = try await world.list(ListAccountsRequest(filterExpression: expression))
                #expect(found.accounts.map(\.id) == [mac.id], "\(expression)")
                let filter = Filter(
                    compare: Comparison(
                        field: "display_name", operator: .equal,
                        values: [Contracts.Value(stringValue: "Zoe\u{308} Müller\n")]))
                #expect(try await world.list(ListAccountsRequest(filter: filter)).accounts.map(\.id) == [mac.id])
            }
        }
    }

    /// White space belongs to a part of a text.
    @Test func partsAreLookedForAsTheyAre() async throws {
        try await World.run { world in
            let firm = try await world.create(Account(displayName: "Acme GmbH"))
            _ = try await world.create(Account(displayName: "AcmeGmbH"))
            for expression in ["display_name ~ ' '", "display_name ~ ' GmbH'", "display_name ^= 'Acme '"] {
                let found = try await world.list(ListAccountsRequest(filterExpression: expression))
                #expect(found.accounts.map(\.id) == [firm.id], "\(expression)")
            }
            let none = try await world.list(ListAccountsRequest(filterExpression: "display_name ~ '\u{200b}'"))
            #expect(none.accounts.isEmpty)
        }
    }

    @Test func anEmptyTextClears() async throws {
        try await World.run { world in
            let parent = try await world.create(Account(displayName: "Parent"))
            let account = try await world.create(
                Account(
                    displayName: "Acme", email: "", website: "https://example.com", city: "Bonn",
                    parentAccountID: parent.id))
            #expect(account.email == nil)
            let change = Account(id: account.id, website: " ", city: "", countryCode: "", parentAccountID: "")
            let after = try await world.update(change)
            #expect(after.website == nil && after.city == nil && after.parentAccountID == nil && after.version == 2)
            let contact: CreateContactResponse = try await world.call(
                ContactServiceMethods.createContact,
                CreateContactRequest(contact: Contact(departmentID: "", familyName: "Li", birthDate: "")))
            #expect(contact.contact?.birthDate == nil)
        }
    }

    /// What a program writes by itself goes the same way.
    @Test func rulesAndCustomMethodsWriteNormalizedTexts() async throws {
        try await World.run { world in
            let account = try await world.create(Account(displayName: "Acme"))
            func rename(to name: String) async throws -> String? {
                let context = world.context(Methods.updateAccount, as: world.people.admin)
                let answer = try await world.engine.transaction(context, request: UpdateAccountRequest()) {
                    transaction in
                    let record = try await transaction.load(SampleSchema.account, id: account.id, for: .update)
                    let stored = try await transaction.update(record, by: .program) { $0.set("display_name", name) }
                    return UpdateAccountResponse(account: transaction.present(stored, as: Account.self))
                }
                return answer.account?.displayName
            }
            #expect(try await rename(to: "  Cafe\u{301}  ")?.utf8.elementsEqual("Caf\u{e9}".utf8) == true)
            let error = await #expect(throws: RPCError.self) { try await rename(to: "\u{200b}") }
            #expect(error?.reason == "REQUIRED")
        }
    }
}
