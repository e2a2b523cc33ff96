import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing

@Suite struct BatchTests {
    typealias Methods = AccountServiceMethods

    @Test func eachItemSucceedsOrFailsAlone() async throws {
        try await TestService.run(SampleService.definition) { service in
            let parent = try await service.create(Account(displayName: "p", externalID: "E", taxID: "de1"))
            let id = RecordID.make().text
            let response = try await service.batchCreate([
                Account(displayName: "ok", annualRevenue: Money(currencyCode: "EUR", minorUnits: 5)),
                Account(), Account(displayName: "x", externalID: "E"),
                Account(displayName: "x", taxID: "DE1"),
                Account(displayName: "x", externalID: "F"), Account(displayName: "x", externalID: "F"),
                Account(displayName: "x", parentAccountID: RecordID.make().text),
                Account(displayName: "child", parentAccountID: parent.id),
                Account(id: id, displayName: "x"),
                Account(id: id, displayName: "x"),
            ])
            #expect(
                response.results.map { "\($0.index ?? 99) \($0.reason ?? "OK") \($0.field ?? "")" } == [
                    "0 OK ", "1 REQUIRED accounts[1].display_name",
                    "2 EXTERNAL_ID_TAKEN accounts[2].external_id",
                    "3 TAX_ID_TAKEN accounts[3].tax_id", "4 OK ",
                    "5 EXTERNAL_ID_TAKEN accounts[5].external_id",
                    "6 REFERENCE_NOT_FOUND accounts[6].parent_account_id", "7 OK ", "8 OK ",
                    "9 ID_TAKEN accounts[9].id",
                ])
            #expect(response.records.map(\.displayName) == ["ok", "x", "child", "x"])
            for account in response.records { #expect(try await service.get(account) == account) }
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 5)
        }
    }

    @Test func sizesAreBounded() async throws {
        try await TestService.run(SampleService.definition) { service in
            for count in [0, 1001] {
                let accounts = Array(repeating: Account(displayName: "x"), count: count)
                let made = try await denial { try await service.batchCreate(accounts) }
                #expect(made.reason == "BATCH_SIZE_INVALID")
                let ids = BatchGetAccountsRequest(ids: Array(repeating: RecordID.make().text, count: count))
                let read = try await denial { try await service.accounts().batchGetAccounts(ids) }
                #expect(read.reason == "BATCH_SIZE_INVALID")
            }
            let full = try await service.batchCreate((0..<1000).map { Account(displayName: "n\($0)") })
            #expect(full.records.count == 1000)
            let ids = full.records.reversed().compactMap(\.id)
            let read = try await service.accounts().batchGetAccounts(BatchGetAccountsRequest(ids: ids))
            #expect(read.records == full.records.reversed() && read.missingIDs == [])
        }
    }

    @Test func repeatedBatchesAreDoneOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let accounts = [Account(displayName: "a", externalID: "E"), Account()]
            let first = try await service.batchCreate(accounts, requestID: "r")
            #expect(try await service.batchCreate(accounts, requestID: "r") == first)
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 1)
        }
    }

    @Test func everyKindOfColumnSurvivesABatch() async throws {
        try await TestService.run(SampleService.definition) { service in
            let contact = Contact(
                givenName: "Zoë \\ \"", birthDate: "0001-01-01",
                contactPoints: [ContactPoint(kind: .email, value: "z@example.com", primary: true)],
                followUpTime: Timestamp(microseconds: -62_135_596_800_000_000 + 1), description: "a\n\t\"b\"")
            let response = try await service.batchCreate([contact])
            let stored = try #require(response.records.first)
            let read = try await service.get(stored)
            #expect(read == stored && stored.birthDate == "0001-01-01")
            #expect(stored.followUpTime == contact.followUpTime && stored.description == contact.description)
        }
    }

    /// What is stored, told and written into the ledger is the same, also when an item is left out for another reason.
    @Test func anIDGivenTwiceIsStoredOnceOrNotAtAll() async throws {
        try await TestService.run(SampleService.definition) { service in
            _ = try await service.create(Account(displayName: "owner", externalID: "E"))
            let id = RecordID.make().text
            let response = try await service.batchCreate([
                Account(id: id, displayName: "one", externalID: "E", city: "Rome"),
                Account(id: id, displayName: "two", city: "Oslo"),
            ])
            #expect(response.results.map(\.reason) == ["EXTERNAL_ID_TAKEN", "ID_TAKEN"])
            #expect(response.records.isEmpty)
            let missing = try await denial { try await service.get(Account.self, id) }
            #expect(missing.code == .notFound)
            let told = try await service.database.batch(
                service.tenant.actor, deadline: TestPostgres.deadline(),
                [(Statement("SELECT count(*) FROM {schema}.ledger WHERE object = 'account'"), Parameters())])
            #expect(try told[0].one().int64(0) == 1)
        }
    }

    @Test func rulesAndRemoteReferencesWorkOnEachItem() async throws {
        try await TestService.run(SampleService.definition) { service in
            let deal = service.foreign.make("deal")
            let response = try await service.batchCreate([
                Activity(kind: .call, dealID: deal.text),
                Activity(kind: .call, dealID: RecordID.make().text),
            ])
            #expect(response.records.map(\.subject) == ["From the rule"])
            #expect(response.results.map(\.reason) == [nil, "REFERENCE_NOT_FOUND"])
        }
    }

    @Test func scopesHoldInBatches() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let response = try await service.batchCreate(
                [Account(ownerID: people.admin.id.text, displayName: "x"), Account(displayName: "y")],
                as: people.rep)
            #expect(response.results.map(\.reason) == ["RECORD_OUT_OF_SCOPE", nil])
        }
    }
}
