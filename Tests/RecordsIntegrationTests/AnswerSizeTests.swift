import Contracts
import Postgres
import RPC
import Records
import Tenancy
import TenantDatabase
import TestPostgres
import Testing
import Wire

/// Requests and answers that are as large as they can be.
@Suite struct AnswerSizeTests {
    typealias Methods = AccountServiceMethods

    /// What a message may have, by the protocol.
    static let messageBytesMax = 4 << 20

    static func account(_ number: Int, bytes: Int) -> Account {
        Account(displayName: "n\(number)", description: String(repeating: "x", count: bytes))
    }

    /// Accounts of 100 kB each.
    func fill(_ world: World, count: Int) async throws -> [Account] {
        let response: BatchCreateAccountsResponse = try await world.call(
            Methods.batchCreateAccounts,
            BatchCreateAccountsRequest(accounts: (0..<count).map { AnswerSizeTests.account($0, bytes: 1) }))
        try await lengthen(world, "UPDATE {schema}.accounts SET description = repeat('x', 100000)")
        return response.accounts
    }

    /// Makes stored descriptions long, past the engine, which would take its time.
    func lengthen(_ world: World, _ statement: StaticString) async throws {
        _ = try await world.database.batch(
            world.tenant.caller, deadline: TestPostgres.deadline(), [(Statement(statement), Parameters())])
    }

    @Test(arguments: [[], ["display_name desc"]])
    func aPageOfLongRecordsEndsEarly(_ order: [String]) async throws {
        try await World.run { world in
            let all = try await fill(world, count: 60)
            var listed: [Account] = []
            var token: String?
            var pages = 0
            repeat {
                let page = try await world.list(
                    ListAccountsRequest(orderBy: order, pageSize: 1000, pageToken: token))
                #expect(page.encoded().count < AnswerSizeTests.messageBytesMax && !page.accounts.isEmpty)
                listed += page.accounts
                token = page.nextPageToken
                pages += 1
            } while token != nil && pages < 10
            #expect(pages == 2 && listed.count == all.count)
            #expect(Set(listed.compactMap(\.id)) == Set(all.compactMap(\.id)))
        }
    }

    @Test func fieldsThatAreNotAskedForDoNotCount() async throws {
        try await World.run { world in
            let all = try await fill(world, count: 60)
            let page = try await world.list(ListAccountsRequest(pageSize: 1000, readMask: ["display_name"]))
            #expect(page.accounts.count == all.count && page.nextPageToken == nil)
        }
    }

    @Test func aRecordThatFillsAPageIsAlone() async throws {
        try await World.run { world in
            for number in 0..<2 { try await world.create(AnswerSizeTests.account(number, bytes: 1)) }
            try await lengthen(world, "UPDATE {schema}.accounts SET description = repeat('x', 3500000)")
            let first = try await world.list(ListAccountsRequest())
            #expect(first.accounts.map(\.displayName) == ["n1"])
            let second = try await world.list(ListAccountsRequest(pageToken: first.nextPageToken))
            #expect(second.accounts.map(\.displayName) == ["n0"] && second.nextPageToken == nil)
        }
    }

    @Test func idsThatAreNamedAgainAreAnsweredOnce() async throws {
        try await World.run { world in
            let ids = [try await world.create(Account(displayName: "a")).id ?? "", RecordID.make().text]
            let read: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts,
                BatchGetAccountsRequest(ids: Array(repeating: ids, count: 400).flatMap { $0 }))
            #expect(read.accounts.map(\.displayName) == ["a"] && read.missingIDs == [ids[1]])
        }
    }

    @Test func moreThanAMessageHoldsIsNotGivenAtOnce() async throws {
        try await World.run { world in
            let ids = try await fill(world, count: 60).compactMap(\.id)
            let error = try await world.refusal(Methods.batchGetAccounts, BatchGetAccountsRequest(ids: ids))
            #expect(error.code == .resourceExhausted && error.reason == "ANSWER_TOO_LONG")
            let some: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts, BatchGetAccountsRequest(ids: Array(ids.prefix(30))))
            #expect(some.accounts.count == 30)
            let masked: BatchGetAccountsResponse = try await world.call(
                Methods.batchGetAccounts, BatchGetAccountsRequest(ids: ids, readMask: ["display_name"]))
            #expect(masked.accounts.count == 60)
        }
    }

    @Test func aBatchWhoseAnswerDoesNotFitIsNotStored() async throws {
        try await World.run { world in
            let accounts = (0..<42).map { AnswerSizeTests.account($0, bytes: 100_000) }
            let error = try await world.refusal(
                Methods.batchCreateAccounts, BatchCreateAccountsRequest(accounts: accounts), requestID: "r")
            #expect(error.code == .resourceExhausted && error.reason == "ANSWER_TOO_LONG")
            #expect(try await world.count("SELECT count(*) FROM {schema}.accounts") == 0)
            #expect(try await world.count("SELECT count(*) FROM {schema}.ledger") == 0)
            #expect(try await world.count("SELECT count(*) FROM {schema}.requests") == 0)
        }
    }

    @Test func aRecordWhoseAnswerDoesNotFitIsNotStored() async throws {
        try await World.run { world in
            let huge = AnswerSizeTests.account(0, bytes: AnswerSizeTests.messageBytesMax - 20)
            let created = try await world.refusal(Methods.createAccount, CreateAccountRequest(account: huge))
            #expect(created.reason == "ANSWER_TOO_LONG")
            #expect(try await world.count("SELECT count(*) FROM {schema}.accounts") == 0)
            let long = try await world.create(Account(displayName: "a"))
            try await lengthen(world, "UPDATE {schema}.accounts SET description = repeat('x', 4194304)")
            let updated = try await world.refusal(
                Methods.updateAccount,
                UpdateAccountRequest(account: Account(id: long.id, displayName: "b"), updateMask: ["display_name"]))
            #expect(updated.reason == "ANSWER_TOO_LONG")
            #expect(try await world.get(long.id).displayName == "a")
        }
    }

    @Test func masksNameEachFieldAtMostOnce() async throws {
        try await World.run { world in
            let account = try await world.create(Account(displayName: "a"))
            let mask = Array(repeating: "display_name", count: 100)
            let refusals = [
                try await world.refusal(
                    Methods.getAccount, GetAccountRequest(id: account.id, readMask: mask)),
                try await world.refusal(
                    Methods.batchGetAccounts,
                    BatchGetAccountsRequest(ids: [account.id ?? ""], readMask: mask)),
                try await world.refusal(Methods.listAccounts, ListAccountsRequest(readMask: mask)),
                try await world.refusal(
                    Methods.updateAccount, UpdateAccountRequest(account: account, updateMask: mask)),
            ]
            #expect(refusals.map(\.reason) == Array(repeating: "MASK_TOO_LONG", count: 4))
            let order = try await world.refusal(
                Methods.listAccounts, ListAccountsRequest(orderBy: Array(repeating: "city", count: 4)))
            #expect(order.reason == "ORDER_INVALID")
        }
    }
}
