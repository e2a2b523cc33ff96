import CustomerContracts
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import TestPostgres
import TestService

@testable import Records

/// A tenant's feed, and what writes into it.
struct Feeds: Sendable {
    let service: TestService
    let feed: Feed
    static let purpose = Purpose(
        "follow", needs: "account.create", "account.read", "account.update", "activity.create")

    init(_ service: TestService) {
        self.service = service
        feed = Feed(service.engine)
    }

    /// With as many connections as it takes for all to write at once: a workspace has half of a pool.
    static func run(poolSize: Int, _ body: @escaping @Sendable (Feeds) async throws -> Void) async throws {
        let postgres = try await TestPostgres.shared()
        let databases = postgres.databases(.customer, poolSize: poolSize)
        try await postgres.withTenant(SampleService.stream) { tenant in
            try await body(Feeds(TestService(SampleService.definition, postgres, tenant, databases)))
        }
        await databases.close(deadline: 0)
    }

    static func run(_ body: @escaping @Sendable (Feeds) async throws -> Void) async throws {
        try await TestService.run(SampleService.definition) { try await body(Feeds($0)) }
    }

    var program: TenantActor { TenantActor(service.tenant.id, purpose: Self.purpose, onBehalfOf: nil) }
    var deadline: Deadline { .after(.seconds(30)) }

    func now() async throws -> FeedCursor { try await feed.now(program, deadline: deadline) }

    func beginning() async throws -> FeedCursor { try await feed.beginning(program, deadline: deadline) }

    func read(_ cursor: FeedCursor, limit: Int = 1000) async throws -> FeedBatch {
        try await feed.read(program, after: cursor, limit: limit, deadline: deadline)
    }

    /// Reads until nothing more is there.
    func drain(_ cursor: inout FeedCursor, limit: Int = 1000) async throws -> [FeedEvent] {
        var events: [FeedEvent] = []
        while true {
            let batch = try await read(cursor, limit: limit)
            events += batch.events
            cursor = batch.cursor
            if batch.isCaughtUp { return events }
        }
    }

    /// Reads until nothing before the cursor needs to be looked at again: until the transactions of other tests that run have ended.
    func settle(_ cursor: inout FeedCursor) async throws {
        let end = deadline
        while cursor.floor < cursor.told, !end.isPast { cursor = try await read(cursor).cursor }
    }

    /// A transaction that the test drives.
    func transaction(_ body: (PostgresTransaction) async throws -> Void) async throws {
        try await service.database.transaction(program, deadline: deadline.nanoseconds, body)
    }

    /// Writes a row of the ledger as `LedgerRow` does, and nothing else.
    func tell(_ id: RecordID, in transaction: PostgresTransaction) async throws {
        let origin = LedgerRow.Origin(time: .now(), by: program.actor, as: AccountServiceMethods.createAccount)
        let row = LedgerRow(object: "account", recordID: id, version: 1, before: nil, after: Array("{}".utf8))
        let (statement, parameters) = row.insertion(origin)
        _ = try await transaction.query(statement, parameters)
    }

    func write(_ body: (RecordTransaction) async throws -> Void) async throws {
        try await service.engine.transaction(
            as: program, doing: AccountServiceMethods.updateAccount, deadline: deadline,
            logger: service.postgres.logger, body)
    }

    @discardableResult
    func createAccount() async throws -> RecordID {
        let account = try await service.create(Account(displayName: "Acme"))
        return RecordID(account.id ?? "") ?? .make()
    }

    /// All rows of the ledger that have a place in the feed, by it.
    func positions() async throws -> [Int64] {
        try await service.sql("SELECT position FROM {schema}.ledger WHERE position > 0 ORDER BY position")
            .map { try $0.int64(0) }
    }
}
