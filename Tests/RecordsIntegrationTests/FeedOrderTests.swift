import AccessControl
import CustomerContracts
import Postgres
import RPC
import Synchronization
import Tenancy
import TestPostgres
import TestService
import TestSupport
import Testing

@testable import Records

/// Nothing is lost, nothing told twice, and a record's changes come in their order, whoever writes meanwhile.
@Suite struct FeedOrderTests {
    private struct Undone: Error {}

    /// Sixteen writers change the same few records, make new ones and take some of it back.
    private func write(_ feeds: Feeds, _ ids: [RecordID], seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let id = ids[Int.random(in: ids.indices, using: &random)]
            let (isUndone, isNew) = (Int.random(in: 0..<8, using: &random) == 0, Bool.random(using: &random))
            let city = "City \(random.next())"
            do {
                try await feeds.write { transaction in
                    if isNew {
                        let account = Account(ownerID: feeds.service.admin.id.text, displayName: "New")
                        try await transaction.insert(SampleService.account, account, by: .caller)
                    }
                    let record = try await transaction.load(SampleService.account, id: id.text, for: .update)
                    try await transaction.update(record, by: .caller) { $0.set("city", city) }
                    if isUndone { throw Undone() }
                }
            } catch is Undone {}
        }
    }

    @Test(arguments: [1, 7, 1000])
    func aReaderBesideSixteenWritersIsToldEachEventOnce(limit: Int) async throws {
        try await Feeds.run(poolSize: 40) { feeds in
            var made: [RecordID] = []
            for _ in 0..<4 { made.append(try await feeds.createAccount()) }
            let ids = made
            let isOver = Mutex(false)
            let writers = feeds.service.postgres.start {
                defer { isOver.withLock { $0 = true } }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for seed in 0..<16 { writers.addTask { try await write(feeds, ids, seed: UInt64(seed)) } }
                    try await writers.waitForAll()
                }
            }
            var cursor = try await feeds.beginning()
            var told: [FeedEvent] = []
            while !isOver.withLock({ $0 }) {
                let batch = try await feeds.read(cursor, limit: limit)
                #expect(batch.events.count <= limit)
                told += batch.events
                cursor = batch.cursor
            }
            try await writers.value
            told += try await feeds.drain(&cursor, limit: limit)
            #expect(told.map(\.position).sorted() == (try await feeds.positions()))
            for (id, events) in Dictionary(grouping: told, by: \.recordID) {
                #expect(events.map(\.version) == Array(1...Int64(events.count)), "\(id)")
            }
            try await feeds.settle(&cursor)
            #expect(cursor.floor == cursor.told)
        }
    }

    /// However long it takes: what others commit is told at once, and its own events when it has ended.
    @Test func anOpenTransactionHoldsBackItsOwnEventsOnly() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.now()
            let held = RecordID.make()
            try await feeds.transaction { sql in
                try await feeds.tell(held, in: sql)
                for _ in 0..<20 {
                    let id = try await feeds.createAccount()
                    #expect(try await feeds.drain(&cursor).map(\.recordID) == [id])
                }
                #expect(cursor.floor < cursor.told)
            }
            let events = try await feeds.drain(&cursor)
            #expect(events.map(\.recordID) == [held])
            let highest = try #require(events.map(\.position).max())
            #expect(highest < cursor.told)
            #expect(try await feeds.drain(&cursor).isEmpty)
            try await feeds.settle(&cursor)
            #expect(cursor.floor == cursor.told)
        }
    }

    @Test func anOpenTransactionOfAnotherWorkspaceHoldsBackNothing() async throws {
        try await Feeds.run { feeds in
            try await Feeds.run { other in
                var cursor = try await feeds.now()
                try await other.transaction { sql in
                    try await other.tell(.make(), in: sql)
                    var ids: [RecordID] = []
                    for _ in 0..<20 {
                        ids.append(try await feeds.createAccount())
                        #expect(try await feeds.drain(&cursor).map(\.recordID) == ids.suffix(1))
                    }
                    #expect(try await feeds.drain(&cursor).isEmpty)
                    #expect(cursor.floor < cursor.told)
                }
                #expect(try await feeds.drain(&cursor).isEmpty)
            }
        }
    }

    /// A number that is taken before its transaction has an id would be below what readers have left behind. So nobody chooses
    /// a row's number, and a row takes its own after the id.
    @Test func aNumberTakenEarlySlipsPastNoCursor() async throws {
        try await Feeds.run { feeds in
            try await feeds.createAccount()
            var cursor = try await feeds.now()
            let late = RecordID.make()
            try await feeds.transaction { sql in
                let early = try await sql.query(
                    Statement("SELECT nextval('{schema}.ledger_position_seq'), pg_current_xact_id_if_assigned()::text"),
                    Parameters()
                ).one()
                #expect(early.isNull(1))
                let id = try await feeds.createAccount()
                #expect(try await feeds.drain(&cursor).map(\.recordID) == [id])
                try await feeds.settle(&cursor)
                #expect(cursor.floor > (try early.int64(0)))
                try await feeds.tell(late, in: sql)
            }
            #expect(try await feeds.drain(&cursor).map(\.recordID) == [late])
            for column in ["position", "xid"] {
                let forged = """
                    INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, \(column))
                    VALUES (gen_random_uuid(), now(), 'm', 'account', gen_random_uuid(), 1, '7')
                    """
                let error = await #expect(throws: PostgresError.self) { try await feeds.service.sql(forged) }
                #expect(error?.kind == .insufficientPrivilege)
            }
        }
    }

    /// The snapshot's xmax follows who ended; a transaction with a later id may run and have a lower number.
    @Test func aLowerNumberOfALaterTransactionIsTold() async throws {
        try await Feeds.run(poolSize: 10) { feeds in
            var cursor = try await feeds.beginning()
            let (low, high) = (RecordID.make(), RecordID.make())
            try await feeds.transaction { later in
                try await feeds.transaction { earlier in
                    _ = try await earlier.query(Statement("SELECT pg_current_xact_id()::text"), Parameters())
                    try await feeds.tell(low, in: later)
                    try await feeds.tell(high, in: earlier)
                }
                for _ in 0..<3 { cursor = try await feeds.read(cursor).cursor }
                #expect(cursor.told == 2 && cursor.floor < 1)
            }
            let events = try await feeds.drain(&cursor)
            #expect(events.map(\.recordID) == [low])
            #expect(events.map(\.position) == [1])
        }
    }

    /// Stopped where it takes its number, the writer has its id.
    @Test func aWriterHasItsTransactionBeforeItsNumber() async throws {
        try await Feeds.run { feeds in
            let (schema, postgres) = (feeds.service.tenant.schema(.customer).name, feeds.service.postgres)
            var writer: Task<Void, any Error>?
            try await postgres.holding("ALTER SEQUENCE \(schema).ledger_position_seq NO CYCLE") {
                writer = postgres.start { try await feeds.transaction { try await feeds.tell(.make(), in: $0) } }
                let waits = try await postgres.waitsForLock("INSERT INTO \(schema).ledger")
                #expect(waits)
                let rows = try await postgres.rows(
                    """
                    SELECT backend_xid::text FROM pg_stat_activity
                    WHERE wait_event_type = 'Lock' AND position('INSERT INTO \(schema).ledger' IN query) > 0
                    """)
                #expect(rows.count == 1)
                #expect(try !rows.one().isNull(0))
            }
            try await writer?.value
            var cursor = try await feeds.beginning()
            #expect(try await feeds.drain(&cursor).count == 1)
        }
    }

    @Test func whatASavepointTookBackIsNotToldAndTheRestOnce() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.beginning()
            let ids = (0..<4).map { _ in RecordID.make() }
            try await feeds.transaction { sql in
                try await feeds.tell(ids[0], in: sql)
                try sql.enqueue(unsafeCommand: "SAVEPOINT a")
                try await feeds.tell(ids[1], in: sql)
                try sql.enqueue(unsafeCommand: "ROLLBACK TO a")
                try await feeds.tell(ids[2], in: sql)
                #expect(try await feeds.drain(&cursor).isEmpty)
                try sql.enqueue(unsafeCommand: "SAVEPOINT b")
                try await feeds.tell(ids[3], in: sql)
                try sql.enqueue(unsafeCommand: "RELEASE b")
            }
            let told = try await feeds.drain(&cursor)
            #expect(told.map(\.recordID) == [ids[0], ids[2], ids[3]])
            #expect(told.map(\.position) == [1, 3, 4])
        }
    }

    /// A transaction that fails leaves numbers that nobody has, which hold back nothing.
    @Test func aRollbackLeavesNoHole() async throws {
        try await Feeds.run { feeds in
            var cursor = try await feeds.beginning()
            for _ in 0..<3 {
                do {
                    try await feeds.transaction { sql in
                        try await feeds.tell(.make(), in: sql)
                        throw Undone()
                    }
                } catch is Undone {}
                let id = try await feeds.createAccount()
                #expect(try await feeds.drain(&cursor).map(\.recordID) == [id])
                try await feeds.settle(&cursor)
                #expect(cursor.floor == cursor.told)
            }
        }
    }

    /// Whoever ends before he stored his cursor reads again what he had, in the same order, and what came since.
    @Test func readingAgainFromAnOldCursorLosesNothing() async throws {
        try await Feeds.run { feeds in
            for _ in 0..<10 { try await feeds.createAccount() }
            var (cursor, told): (FeedCursor, [Int64]) = (try await feeds.beginning(), [])
            while told.count < 20 {
                let first = try await feeds.read(cursor, limit: 3).events.map(\.position)
                if told.count < 10 { try await feeds.createAccount() }
                let again = try await feeds.read(cursor, limit: 3)
                #expect(again.events.map(\.position).starts(with: first))
                told += again.events.map(\.position)
                cursor = again.cursor
                if again.isCaughtUp { break }
            }
            #expect(told == (try await feeds.positions()))
        }
    }
}
