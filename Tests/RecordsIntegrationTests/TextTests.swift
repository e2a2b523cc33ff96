import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import TestService
import Testing

/// Texts that look the same are the same, whoever writes or asks and however.
@Suite struct TextTests {
    typealias Methods = AccountServiceMethods

    @Test func blanksAreRefusedAsNamesByEveryWriter() async throws {
        try await TestService.run(SampleService.definition) { service in
            let account = try await service.create(Account(displayName: "Acme"))
            for blank in ["", "   ", "\u{3000}", "\u{200b}"] {
                let creation = try await denial { try await service.create(Account(displayName: blank)) }
                #expect(
                    creation.reason == "REQUIRED" && creation.fieldViolations.first?.field == "account.display_name")
                let update = try await denial { try await service.update(Account(id: account.id, displayName: blank)) }
                #expect(update.reason == "REQUIRED")
                let batch = try await service.batchCreate([Account(displayName: blank), Account(displayName: "x")])
                #expect(batch.results.map(\.reason) == ["REQUIRED", nil])
            }
        }
    }

    @Test func uniqueValuesAreComparedAsTheyLook() async throws {
        try await TestService.run(SampleService.definition) { service in
            _ = try await service.create(Account(displayName: "Acme", externalID: "Caf\u{e9}"))
            for text in ["Caf\u{e9} ", "\u{feff}Caf\u{e9}", "Cafe\u{301}", "\u{a0}Cafe\u{301}\u{200b}"] {
                let error = try await denial { try await service.create(Account(displayName: "x", externalID: text)) }
                #expect(error.reason == "EXTERNAL_ID_TAKEN")
                let batch = try await service.batchCreate([Account(displayName: "x", externalID: text)])
                #expect(batch.results.map(\.reason) == ["EXTERNAL_ID_TAKEN"])
            }
        }
    }

    @Test func filtersFindWhatWasTypedInAnotherWay() async throws {
        try await TestService.run(SampleService.definition) { service in
            let mac = try await service.create(Account(displayName: "Zoe\u{308} Müller "))
            #expect(mac.displayName?.utf8.elementsEqual("Zo\u{eb} Müller".utf8) == true)
            for expression in [
                "display_name = 'Zo\u{eb} Müller'", "display_name = ' Zoe\u{308} Mu\u{308}ller '",
                "display_name ~ 'oe\u{308}'",
                "display_name ^= 'zoe\u{308}'", "display_name in ('x', 'Zoe\u{308} Müller')",
            ] {
                let found = try await service.accounts().listAccounts(ListAccountsRequest(filterExpression: expression))
                #expect(found.records.map(\.id) == [mac.id], "\(expression)")
                let filter = Filter(
                    compare: Comparison(
                        field: "display_name", operator: .equal,
                        values: [Contracts.Value(stringValue: "Zoe\u{308} Müller\n")]))
                #expect(
                    try await service.accounts().listAccounts(ListAccountsRequest(filter: filter)).records.map(\.id)
                        == [mac.id])
            }
        }
    }

    /// White space belongs to a part of a text.
    @Test func partsAreLookedForAsTheyAre() async throws {
        try await TestService.run(SampleService.definition) { service in
            let firm = try await service.create(Account(displayName: "Acme GmbH"))
            _ = try await service.create(Account(displayName: "AcmeGmbH"))
            for expression in ["display_name ~ ' '", "display_name ~ ' GmbH'", "display_name ^= 'Acme '"] {
                let found = try await service.accounts().listAccounts(ListAccountsRequest(filterExpression: expression))
                #expect(found.records.map(\.id) == [firm.id], "\(expression)")
            }
            let none = try await service.accounts().listAccounts(
                ListAccountsRequest(filterExpression: "display_name ~ '\u{200b}'"))
            #expect(none.records.isEmpty)
        }
    }

    @Test func anEmptyTextClears() async throws {
        try await TestService.run(SampleService.definition) { service in
            let parent = try await service.create(Account(displayName: "Parent"))
            let account = try await service.create(
                Account(
                    displayName: "Acme", email: "", website: "https://example.com", city: "Bonn",
                    parentAccountID: parent.id))
            #expect(account.email == nil)
            let change = Account(id: account.id, website: " ", city: "", countryCode: "", parentAccountID: "")
            let after = try await service.update(change)
            #expect(after.website == nil && after.city == nil && after.parentAccountID == nil && after.version == 2)
            let contact = try await service.create(Contact(departmentID: "", familyName: "Li", birthDate: ""))
            #expect(contact.birthDate == nil)
        }
    }

    /// What a program writes by itself goes the same way.
    @Test func rulesAndCustomMethodsWriteNormalizedTexts() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let account = try await service.create(Account(displayName: "Acme"))
            func rename(to name: String) async throws -> String? {
                let context = service.context(Methods.updateAccount, as: people.admin)
                let answer = try await service.engine.transaction(context, request: UpdateAccountRequest()) {
                    transaction in
                    let record = try await transaction.load(SampleService.account, id: account.id, for: .update)
                    let stored = try await transaction.update(record, by: .program) { $0.set("display_name", name) }
                    return UpdateAccountResponse(record: transaction.present(stored, as: Account.self))
                }
                return answer.record?.displayName
            }
            #expect(try await rename(to: "  Cafe\u{301}  ")?.utf8.elementsEqual("Caf\u{e9}".utf8) == true)
            let error = await #expect(throws: RPCError.self) { try await rename(to: "\u{200b}") }
            #expect(error?.reason == "REQUIRED")
        }
    }
}
