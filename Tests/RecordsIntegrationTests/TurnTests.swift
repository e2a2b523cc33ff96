import AccessControl
import Contracts
import CustomerContracts
import RPC
import Reactor
import Synchronization
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import Records

/// Much work on many records takes many turns of the loop. Counted in turns: how long one takes is the machine's.
@Suite struct TurnTests {
    private static let accounts = (0..<1_000).map { number in
        Account(
            id: RecordID.make().text, displayName: "Account \(number)", externalID: "E\(number)",
            annualRevenue: Money(currencyCode: "EUR", minorUnits: Int64(number)), description: "As large as they come")
    }

    private func turns(during work: (EventLoop) async throws -> Void) async throws -> Int {
        let loop = try #require(EventLoop.current)
        let counter = TurnCounter(loop)
        try await work(loop)
        counter.stop()
        return counter.count
    }

    /// What PostgreSQL is sent for a batch.
    @Test func rowsAndLedgerOfABatchTakeTurns() async throws {
        try await TestService.run(SampleService.definition) { service in
            let people = People(service)
            let context = service.context(AccountServiceMethods.batchCreateAccounts, as: people.admin)
            let call = try await service.engine.authorise(context, SampleService.account, .create)
            let changes = Self.accounts.map {
                RecordChange(.create, call, before: nil, after: $0.message(in: context.arena))
            }
            let rows = try await turns { _ in
                var (writer, pace) = (JSONWriter(), Pace())
                await writer.writeRows(changes.map(\.after), of: SampleService.account, &pace)
            }
            let ledger = try await turns { _ in
                var (writer, pace) = (JSONWriter(), Pace())
                await writer.writeLedger(changes, &pace)
            }
            #expect(rows >= 4 && ledger >= 4, "\(rows) \(ledger)")
        }
    }

    /// An answer is encoded piece by piece into the same bytes.
    @Test func anAnswerIsEncodedInTurns() async throws {
        try await TestService.run(SampleService.definition) { _ in
            let results = (0..<1_000).map { ItemResult(index: UInt32($0), code: 0) }
            for response in [
                BatchCreateAccountsResponse(records: Self.accounts, results: results),
                BatchCreateAccountsResponse(records: Array(Self.accounts.prefix(17))), BatchCreateAccountsResponse(),
            ] {
                let message = response.message(in: Arena())
                var pace = Pace()
                #expect(await PacedCodec.encode(message, at: &pace) == WireCodec.encode(message))
            }
            let list = ListAccountsResponse(records: Self.accounts, nextPageToken: "more").message(in: Arena())
            var pace = Pace()
            #expect(await PacedCodec.encode(list, at: &pace) == WireCodec.encode(list))
        }
    }

    /// Two workspaces on one loop: while one creates a thousand records or reads them, calls of the other are served in between.
    @Test func aBatchLetsAnotherWorkspacePass() async throws {
        try await TestService.run(SampleService.definition) { busy in
            try await TestService.run(SampleService.definition) { quiet in
                let account = try await quiet.create(Account(displayName: "x"))
                let created = try await served(quiet, account) {
                    let made = try await busy.batchCreate(Self.accounts).records
                    #expect(made.count == 1_000)
                }
                let read = try await served(quiet, account) {
                    let request = BatchGetAccountsRequest(ids: Self.accounts.compactMap(\.id))
                    let answer = try await busy.accounts().batchGetAccounts(request)
                    #expect(answer.records.count == 1_000)
                }
                let listed = try await served(quiet, account) {
                    let answer = try await busy.accounts().listAccounts(ListAccountsRequest(pageSize: 1_000))
                    #expect(answer.records.count == 1_000)
                }
                #expect(created.calls >= 10 && created.turns >= 30, "\(created)")
                #expect(read.calls >= 2 && read.turns >= 10, "\(read)")
                #expect(listed.calls >= 2 && listed.turns >= 10, "\(listed)")
            }
        }
    }

    /// Gets of the quiet workspace one after the other while the work goes on: how many were served, and in how many turns of the loop the
    /// work got on.
    private func served(
        _ quiet: TestService, _ account: Account, during work: @escaping @Sendable () async throws -> Void
    ) async throws -> (calls: Int, turns: Int) {
        let loop = try #require(EventLoop.current)
        // As a server runs its handlers.
        let meter = MeteredExecutor(loop: loop)
        var seen: UInt64 = 0
        let counter = TurnCounter(loop) {
            defer { seen = meter.nanoseconds }
            return meter.nanoseconds != seen
        }
        let isDone = Atomic<Bool>(false)
        let task = Task(executorPreference: meter) {
            defer { isDone.store(true, ordering: .relaxed) }
            try await work()
        }
        var calls = 0
        while !isDone.load(ordering: .relaxed) {
            #expect(try await quiet.get(account) == account)
            calls += 1
        }
        try await task.value
        counter.stop()
        return (calls, counter.count)
    }
}
