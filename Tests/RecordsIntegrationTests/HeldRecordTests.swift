import AccessControl
import Contracts
import CustomerContracts
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

/// What a transaction relies on stays as it is until it ends.
@Suite struct HeldRecordTests {
    /// A batch has looked whether the parent lives, and is stopped before it stores: the parent is not deleted meanwhile.
    @Test func whatABatchRefersToIsNotDeletedMeanwhile() async throws {
        try await TestService.run(SampleService.definition) { service in
            let parent = try await service.create(Account(displayName: "Parent"))
            let schema = service.tenant.schema(.customer).name
            let isDeleted = Mutex(false)
            var tasks: [Task<Void, any Error>] = []
            // Who stores the same key waits until it is known whether this one stays.
            let rival = """
                INSERT INTO \(schema).accounts (id, version, created_at, updated_at, owner_id, display_name, external_id)
                VALUES ('\(RecordID.make())', 1, now(), now(), '\(RecordID.make())', 'Rival', 'k')
                """
            try await service.postgres.holding(rival) {
                let batch = service.postgres.start {
                    let child = Account(displayName: "Child", externalID: "k", parentAccountID: parent.id)
                    let answer = try await service.batchCreate([child])
                    #expect(answer.results.map(\.reason) == [nil])
                    #expect(!isDeleted.withLock { $0 }, "the parent went while the batch was under way")
                }
                let isStopped = try await service.postgres.waitsForLock("INSERT INTO \(schema).accounts")
                #expect(isStopped, "the batch was not stopped")
                let deletion = service.postgres.start {
                    try await service.delete(parent)
                    isDeleted.withLock { $0 = true }
                }
                tasks = [batch, deletion]
                let waits = try await service.postgres.waitsForLock("FROM \(schema).accounts") {
                    isDeleted.withLock { $0 }
                }
                #expect(waits, "the parent was not held")
            }
            for task in tasks { try await task.value }
        }
    }

    private struct Known: Identifiable, Sendable {
        let id: RecordID
        let city: String?
    }

    /// What was found of a type is looked for again after the transaction itself has changed a record of it.
    @Test func whatTheTransactionChangedIsLookedForAgain() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let account = try await service.create(Account(displayName: "Acme", city: "Rom"))
            let id = try #require(account.id.flatMap { RecordID($0) })
            let request = UpdateAccountRequest(record: Account(id: account.id, version: 1, city: "Bonn"))
            let context = service.context(AccountServiceMethods.updateAccount, as: people.admin)
            _ = try await service.engine.transaction(context, request: request) { tx in
                var looks = 0
                func city() async throws -> String? {
                    try await tx.held([id], of: SampleService.account) { ids in
                        looks += 1
                        return try await [tx.load(SampleService.account, id: account.id, for: .read)].map {
                            Known(id: ids[0], city: $0.value(Account.self).city)
                        }
                    }[id]?.city
                }
                let (first, second) = (try await city(), try await city())
                #expect(first == "Rom" && second == "Rom" && looks == 1)
                let record = try await tx.load(SampleService.account, id: account.id, for: .update)
                let stored = try await tx.update(record, by: .program) { $0.set("city", "Bonn") }
                let third = try await city()
                #expect(third == "Bonn" && looks == 2)
                return UpdateAccountResponse(record: tx.present(stored, as: Account.self))
            }
        }
    }
}
