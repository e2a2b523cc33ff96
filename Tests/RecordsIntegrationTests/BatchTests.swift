import Contracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import Testing

@Suite struct BatchTests {
    typealias Methods = AccountServiceMethods

    func create(_ world: World, _ accounts: [Account], as user: UserID? = nil, requestID: String? = nil)
        async throws
        -> BatchCreateAccountsResponse
    {
        try await world.call(
            Methods.batchCreateAccounts, BatchCreateAccountsRequest(accounts: accounts), as: user,
            requestID: requestID)
    }

    @Test func eachItemSucceedsOrFailsAlone() async throws {
        try await World.run { world in
            let parent = try await world.create(Account(displayName: "p", externalID: "E", taxID: "de1"))
            let id = RecordID.make().text
            let response = try await create(
                world,
                [
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
            #expect(response.accounts.map(\.displayName) == ["ok", "x", "child", "x"])
            for account in response.accounts { #expect(try await world.get(account.id) == account) }
            #expect(try await world.count("SELECT count(*) FROM {schema}.ledger") == 5)
        }
    }

    @Test func sizesAreBounded() async throws {
        try await World.run { world in
            for count in [0, 1001] {
                let request = BatchCreateAccountsRequest(
                    accounts: Array(repeating: Account(displayName: "x"), count: count))
                #expect(
                    try await world.refusal(Methods.batchCreateAccounts, request).reason
                        == "BATCH_SIZE_INVALID")
                let ids = BatchGetAccountsRequest(ids: Array(repeating: RecordID.make().text, count: count))
                #expect(try await world.refusal(Methods.batchGetAccounts, ids).reason == "BATCH_SIZE_INVALID")
            }
            let full = try await create(world, (0..<1000).map { Account(displayName: "n\($0)") })
            #expect(full.accounts.count == 1000)
            let ids = full.accounts.reversed().compactMap(\.id)
            let read: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts, BatchGetAccountsRequest(ids: ids))
            #expect(read.accounts == full.accounts.reversed() && read.missingIDs == [])
        }
    }

    @Test func repeatedBatchesAreDoneOnce() async throws {
        try await World.run { world in
            let accounts = [Account(displayName: "a", externalID: "E"), Account()]
            let first = try await create(world, accounts, requestID: "r")
            #expect(try await create(world, accounts, requestID: "r") == first)
            #expect(try await world.count("SELECT count(*) FROM {schema}.accounts") == 1)
        }
    }

    @Test func everyKindOfColumnSurvivesABatch() async throws {
        try await World.run { world in
            let contact = Contact(
                givenName: "Zoë \\ \"", birthDate: "0001-01-01",
                contactPoints: [ContactPoint(kind: .email, value: "z@example.com", primary: true)],
                followUpTime: Timestamp(microseconds: -62_135_596_800_000_000 + 1), description: "a\n\t\"b\"")
            let response: BatchCreateContactsResponse = try await world.call(
                ContactServiceMethods.batchCreateContacts, BatchCreateContactsRequest(contacts: [contact]))
            let stored = try #require(response.contacts.first)
            let read: GetContactResponse = try await world.call(
                ContactServiceMethods.getContact, GetContactRequest(id: stored.id))
            #expect(read.contact == stored && stored.birthDate == "0001-01-01")
            #expect(stored.followUpTime == contact.followUpTime && stored.description == contact.description)
        }
    }

    /// What is stored, told and written into the ledger is the same, also when an item is left out for another reason.
    @Test func anIDGivenTwiceIsStoredOnceOrNotAtAll() async throws {
        try await World.run { world in
            _ = try await world.create(Account(displayName: "owner", externalID: "E"))
            let id = RecordID.make().text
            let response = try await create(
                world,
                [
                    Account(id: id, displayName: "one", externalID: "E", city: "Rome"),
                    Account(id: id, displayName: "two", city: "Oslo"),
                ])
            #expect(response.results.map(\.reason) == ["EXTERNAL_ID_TAKEN", "ID_TAKEN"])
            #expect(response.accounts.isEmpty)
            let missing = try await world.refusal(AccountServiceMethods.getAccount, GetAccountRequest(id: id))
            #expect(missing.code == .notFound)
            let told = try await world.database.batch(
                world.tenant.caller, deadline: TestPostgres.deadline(),
                [(Statement("SELECT count(*) FROM {schema}.ledger WHERE object = 'account'"), Parameters())])
            #expect(try told[0].one().int64(0) == 1)
        }
    }

    @Test func rulesAndRemoteReferencesWorkOnEachItem() async throws {
        try await World.run { world in
            let deal = RecordID.make()
            world.sales.deals.withLock { _ = $0.insert(deal) }
            let response: BatchCreateActivitiesResponse = try await world.call(
                ActivityServiceMethods.batchCreateActivities,
                BatchCreateActivitiesRequest(activities: [
                    Activity(kind: .call, dealID: deal.text),
                    Activity(kind: .call, dealID: RecordID.make().text),
                ]))
            #expect(response.activities.map(\.subject) == ["From the rule"])
            #expect(response.results.map(\.reason) == [nil, "REFERENCE_NOT_FOUND"])
        }
    }

    @Test func scopesHoldInBatches() async throws {
        try await World.run { world in
            let response = try await create(
                world,
                [Account(ownerID: world.people.admin.id.text, displayName: "x"), Account(displayName: "y")],
                as: world.people.rep)
            #expect(response.results.map(\.reason) == ["RECORD_OUT_OF_SCOPE", nil])
        }
    }
}
