import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
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
    func fill(_ service: TestService, count: Int) async throws -> [Account] {
        let response = try await service.batchCreate((0..<count).map { AnswerSizeTests.account($0, bytes: 1) })
        try await lengthen(service, "UPDATE {schema}.accounts SET description = repeat('x', 100000)")
        return response.records
    }

    /// Makes stored descriptions long, past the engine, which would take its time.
    func lengthen(_ service: TestService, _ statement: StaticString) async throws {
        _ = try await service.database.batch(
            service.tenant.actor, deadline: TestPostgres.deadline(), [(Statement(statement), Parameters())])
    }

    @Test(arguments: [[], ["display_name desc"]])
    func aPageOfLongRecordsEndsEarly(_ order: [String]) async throws {
        try await TestService.run(SampleService.definition) { service in
            let all = try await fill(service, count: 60)
            var listed: [Account] = []
            var token: String?
            var pages = 0
            repeat {
                let page = try await service.accounts().listAccounts(
                    ListAccountsRequest(orderBy: order, pageSize: 1000, pageToken: token))
                #expect(page.encoded().count < AnswerSizeTests.messageBytesMax && !page.records.isEmpty)
                listed += page.records
                token = page.nextPageToken
                pages += 1
            } while token != nil && pages < 10
            #expect(pages == 2 && listed.count == all.count)
            #expect(Set(listed.compactMap(\.id)) == Set(all.compactMap(\.id)))
        }
    }

    @Test func fieldsThatAreNotAskedForDoNotCount() async throws {
        try await TestService.run(SampleService.definition) { service in
            let all = try await fill(service, count: 60)
            let page = try await service.accounts().listAccounts(
                ListAccountsRequest(pageSize: 1000, readMask: ["display_name"]))
            #expect(page.records.count == all.count && page.nextPageToken == nil)
        }
    }

    @Test func aRecordThatFillsAPageIsAlone() async throws {
        try await TestService.run(SampleService.definition) { service in
            for number in 0..<2 { try await service.create(AnswerSizeTests.account(number, bytes: 1)) }
            try await lengthen(service, "UPDATE {schema}.accounts SET description = repeat('x', 3500000)")
            let first = try await service.accounts().listAccounts(ListAccountsRequest())
            #expect(first.records.map(\.displayName) == ["n1"])
            let second = try await service.accounts().listAccounts(ListAccountsRequest(pageToken: first.nextPageToken))
            #expect(second.records.map(\.displayName) == ["n0"] && second.nextPageToken == nil)
        }
    }

    @Test func idsThatAreNamedAgainAreAnsweredOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = [try await service.create(Account(displayName: "a")).id ?? "", RecordID.make().text]
            let read = try await service.accounts().batchGetAccounts(
                BatchGetAccountsRequest(ids: Array(repeating: ids, count: 400).flatMap { $0 }))
            #expect(read.records.map(\.displayName) == ["a"] && read.missingIDs == [ids[1]])
        }
    }

    @Test func moreThanAMessageHoldsIsNotGivenAtOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let ids = try await fill(service, count: 60).compactMap(\.id)
            let error = try await denial {
                try await service.accounts().batchGetAccounts(BatchGetAccountsRequest(ids: ids))
            }
            #expect(error.code == .resourceExhausted && error.reason == "ANSWER_TOO_LONG")
            let some = try await service.accounts().batchGetAccounts(
                BatchGetAccountsRequest(ids: Array(ids.prefix(30))))
            #expect(some.records.count == 30)
            let masked = try await service.accounts().batchGetAccounts(
                BatchGetAccountsRequest(ids: ids, readMask: ["display_name"]))
            #expect(masked.records.count == 60)
        }
    }

    @Test func aBatchWhoseAnswerDoesNotFitIsNotStored() async throws {
        try await TestService.run(SampleService.definition) { service in
            let accounts = (0..<42).map { AnswerSizeTests.account($0, bytes: 100_000) }
            let error = try await denial { try await service.batchCreate(accounts, requestID: "r") }
            #expect(error.code == .resourceExhausted && error.reason == "ANSWER_TOO_LONG")
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 0)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger") == 0)
            #expect(try await service.number("SELECT count(*) FROM {schema}.requests") == 0)
        }
    }

    @Test func aRecordWhoseAnswerDoesNotFitIsNotStored() async throws {
        try await TestService.run(SampleService.definition) { service in
            let huge = AnswerSizeTests.account(0, bytes: AnswerSizeTests.messageBytesMax - 20)
            let created = try await denial { try await service.create(huge) }
            #expect(created.reason == "ANSWER_TOO_LONG")
            #expect(try await service.number("SELECT count(*) FROM {schema}.accounts") == 0)
            let long = try await service.create(Account(displayName: "a"))
            try await lengthen(service, "UPDATE {schema}.accounts SET description = repeat('x', 4194304)")
            let updated = try await denial {
                try await service.update(Account(id: long.id, displayName: "b"), ["display_name"])
            }
            #expect(updated.reason == "ANSWER_TOO_LONG")
            #expect(try await service.get(long).displayName == "a")
        }
    }

    @Test func masksNameEachFieldAtMostOnce() async throws {
        try await TestService.run(SampleService.definition) { service in
            let account = try await service.create(Account(displayName: "a"))
            let mask = Array(repeating: "display_name", count: 100)
            let refusals = [
                try await denial {
                    try await service.accounts().getAccount(GetAccountRequest(id: account.id, readMask: mask))
                },
                try await denial {
                    try await service.accounts().batchGetAccounts(
                        BatchGetAccountsRequest(ids: [account.id ?? ""], readMask: mask))
                },
                try await denial { try await service.accounts().listAccounts(ListAccountsRequest(readMask: mask)) },
                try await denial { try await service.update(account, mask) },
            ]
            #expect(refusals.map(\.reason) == Array(repeating: "MASK_TOO_LONG", count: 4))
            let order = try await denial {
                try await service.list(Account.self, by: Array(repeating: "city", count: 4))
            }
            #expect(order.reason == "ORDER_INVALID")
        }
    }
}
