import Contracts
import CustomerContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Writes that are sent again.
    @Suite(.serialized) struct RetryJourney {
        @Test func theSameRequestIdGetsTheSameAnswer() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let options = CallOptions(requestID: RecordID.make().text)
            let request = CreateAccountRequest(record: Account(displayName: "Once"))
            let first = try await admin.accounts.createAccount(request, options: options)
            // Again, and again from another connection, as after a loss.
            #expect(try await admin.accounts.createAccount(request, options: options) == first)
            let other = try await workspace.connectAsAdmin()
            #expect(try await other.accounts.createAccount(request, options: options) == first)
            #expect(try await count(admin) == 1)

            // The stored answer is given even when the record has changed since.
            let id = first.record?.id
            let update = UpdateAccountRequest(
                record: Account(id: id, version: 1, displayName: "Twice"), updateMask: ["display_name"])
            let updating = CallOptions(requestID: RecordID.make().text)
            let updated = try await admin.accounts.updateAccount(update, options: updating)
            #expect(updated.record?.version == 2)
            #expect(try await admin.accounts.updateAccount(update, options: updating) == updated)
            let deleting = CallOptions(requestID: RecordID.make().text)
            let deleted = try await admin.accounts.deleteAccount(DeleteAccountRequest(id: id), options: deleting)
            #expect(
                try await admin.accounts.deleteAccount(DeleteAccountRequest(id: id), options: deleting) == deleted)
            #expect(try await admin.accounts.createAccount(request, options: options) == first)
            #expect(try await count(admin) == 0)
            await other.close()
            await workspace.close()
        }

        @Test func aDifferentRequestUnderTheSameIdIsRefused() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let options = CallOptions(requestID: RecordID.make().text)
            let created = try await admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "First")), options: options)
            for call in [
                {
                    _ = try await admin.accounts.createAccount(
                        CreateAccountRequest(record: Account(displayName: "Second")), options: options)
                },
                {
                    _ = try await admin.contacts.createContact(
                        CreateContactRequest(record: Contact(givenName: "Third")), options: options)
                },
                {
                    _ = try await admin.accounts.deleteAccount(
                        DeleteAccountRequest(id: created.record?.id), options: options)
                },
            ] as [@Sendable () async throws -> Void] {
                let error = try await refusal { try await call() }
                #expect(error.code == .invalidArgument)
                #expect(error.reason == "REQUEST_ID_REUSED")
            }
            let page = try await admin.accounts.listAccounts(ListAccountsRequest())
            #expect(page.records.map(\.displayName) == ["First"])
            // Request ids belong to a user: another one's are no concern.
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            _ = try await rep.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Second")), options: options)
            await rep.close()
            await workspace.close()
        }

        @Test func manyAtOnceHaveOneEffect() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let other = try await workspace.connectAsAdmin()
            for round in 0..<5 {
                let options = CallOptions(requestID: RecordID.make().text)
                let request = CreateAccountRequest(record: Account(displayName: "Round \(round)"))
                let answers = try await withThrowingTaskGroup(of: CreateAccountResponse.self) { group in
                    for index in 0..<8 {
                        let connection = index.isMultiple(of: 2) ? admin : other
                        group.addTask { try await connection.accounts.createAccount(request, options: options) }
                    }
                    return try await group.reduce(into: Set()) { $0.insert($1) }
                }
                #expect(answers.count == 1)
                #expect(try await count(admin) == Int64(round + 1))
            }
            await other.close()
            await workspace.close()
        }

        @Test func whatWasRefusedMayBeTriedAgain() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let options = CallOptions(requestID: RecordID.make().text)
            let taken = Account(displayName: "Taken", externalID: "X-1")
            let first = try await admin.accounts.createAccount(CreateAccountRequest(record: taken))
            let request = CreateAccountRequest(record: Account(displayName: "Later", externalID: "X-1"))
            let error = try await refusal { try await admin.accounts.createAccount(request, options: options) }
            #expect(error.code == .alreadyExists)
            _ = try await admin.accounts.deleteAccount(DeleteAccountRequest(id: first.record?.id))
            let created = try await admin.accounts.createAccount(request, options: options)
            #expect(created.record?.externalID == "X-1")
            await workspace.close()
        }

        @Test func batchesAndCustomMethodsAreRetriedAlike() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let batch = BatchCreateAccountsRequest(records: (0..<20).map { Account(displayName: "Row \($0)") })
            let options = CallOptions(requestID: RecordID.make().text)
            let first = try await admin.accounts.batchCreateAccounts(batch, options: options)
            #expect(try await admin.accounts.batchCreateAccounts(batch, options: options) == first)
            #expect(try await count(admin) == 20)

            let deal = try #require(
                try await admin.deals.createDeal(CreateDealRequest(record: Deal(displayName: "Desk"))).record)
            let board = try await admin.deals.getBoard(GetBoardRequest())
            let move = MoveDealStageRequest(id: deal.id, stageID: board.columns[1].stageID, version: deal.version)
            let moving = CallOptions(requestID: RecordID.make().text)
            let moved = try await admin.deals.moveDealStage(move, options: moving)
            #expect(try await admin.deals.moveDealStage(move, options: moving) == moved)
            let history = try await admin.deals.listStageHistory(ListStageHistoryRequest(id: deal.id))
            #expect(history.changes.count == 2)
            await workspace.close()
        }

        private func count(_ connection: StewardConnection) async throws -> Int64? {
            try await connection.accounts.listAccounts(ListAccountsRequest(includeCount: true)).count?.value
        }
    }
}
