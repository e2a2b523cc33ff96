import Tenancy
import TestSupport

@testable import Records

/// A ledger, its writers' transactions, and one consumer's row: what the server keeps.
struct FeedWorld {
    enum Bug {
        /// What is told next is what has higher numbers.
        case cursorByNumber
        /// The effect is committed, and then the cursor.
        case effectOutside
        /// A writer takes a row's number, and then its transaction's id.
        case numberBeforeID
        /// What was read before a recovery of the server is stored after it.
        case readBeforeRecovery
    }

    /// How often what goes wrong, in percent. Worlds differ in it: what shows one bug hides another.
    struct Odds {
        let abort: Int
        let kill: Int
        let recovery: Int

        init(_ random: inout SeededGenerator) {
            (abort, kill, recovery) = (random.number(0...60), random.number(0...4), random.number(0...4))
        }
    }

    enum LockedRow: Hashable {
        case record(Int)
        case consumer
    }

    let bug: Bug?
    let trace: Trace
    let odds: Odds
    var random: SeededGenerator
    var server = SimulatedServer()
    var locks = RowLocks<LockedRow>()
    /// What is committed, by number.
    private(set) var ledger: [LedgerRow] = []
    private(set) var versions: [Int: Int64] = [:]
    /// The consumer's cursor.
    private(set) var cursor: [UInt8]
    /// The last version of each record of which an effect is committed.
    private var heard: [Int: Int64] = [:]
    /// Of processes that were killed, as long as the server has not noticed.
    private(set) var orphans: [(transaction: FeedTransaction, isCommitting: Bool)] = []
    private var transactionCount = 0

    init(seed: UInt64, bug: Bug?, trace: Trace) {
        var random = SeededGenerator(seed: seed)
        odds = Odds(&random)
        (self.bug, self.trace, self.random) = (bug, trace, random)
        cursor = Self.cursor(at: 0).bytes
    }

    /// Without a snapshot: all after a number is told next.
    static func cursor(at floor: Int64) -> FeedCursor {
        FeedCursor(
            tenantID: TenantID(RecordID(high: 1, low: 1)), service: .customer, epoch: 1, timeline: nil, seen: .nothing,
            floor: floor)
    }
}

/// A row of the ledger.
struct LedgerRow: Hashable {
    let position: Int64
    /// The id of the transaction that wrote it.
    let transaction: UInt64
    let record: Int
    let version: Int64
}

/// A transaction and what it will have done.
struct FeedTransaction {
    /// For locks: a transaction has its id only when it writes.
    let number: Int
    var id: UInt64?
    var rows: [LedgerRow] = []
    /// Events whose effect is part of it.
    var events: [LedgerRow] = []
    var cursor: [UInt8]?
}

// How transactions begin and end.
extension FeedWorld {
    mutating func begin() -> FeedTransaction {
        transactionCount += 1
        return FeedTransaction(number: transactionCount)
    }

    mutating func commit(_ transaction: FeedTransaction) throws(Violation) {
        trace.note("commit \(transaction.id.map(String.init) ?? "-")")
        for row in transaction.rows {
            ledger.append(row)
            versions[row.record] = row.version
        }
        ledger.sort { $0.position < $1.position }
        for event in transaction.events { try hear(event) }
        if let cursor = transaction.cursor { self.cursor = cursor }
        end(transaction, committed: transaction.rows.last?.position ?? 0)
    }

    mutating func abort(_ transaction: FeedTransaction) {
        trace.note("abort \(transaction.id.map(String.init) ?? "-")")
        end(transaction, committed: nil)
    }

    /// Its process was killed: it ends now or later, and if COMMIT was sent, it may be committed.
    mutating func abandon(_ transaction: FeedTransaction, isCommitting: Bool) {
        orphans.append((transaction, isCommitting))
    }

    /// The server notices that a process is gone.
    mutating func endOrphan() throws(Violation) {
        guard let index = orphans.indices.randomElement(using: &random) else { return }
        let orphan = orphans.remove(at: index)
        if orphan.isCommitting, random.chance(50) { try commit(orphan.transaction) } else { abort(orphan.transaction) }
    }

    /// The server crashes and recovers: whoever has a transaction open finds it aborted.
    mutating func recover() {
        trace.note("the server recovers")
        server.recover(&random)
        (locks, orphans) = (RowLocks(), [])
    }

    private mutating func end(_ transaction: FeedTransaction, committed position: Int64?) {
        if let id = transaction.id { server.end(id, committed: position) }
        locks.release(of: transaction.number)
    }
}

// What is promised.
extension FeedWorld {
    /// The effect of an event is committed.
    private mutating func hear(_ event: LedgerRow) throws(Violation) {
        trace.note("heard \(event)")
        let last = heard[event.record, default: 0]
        guard event.version == last + 1 else {
            throw Violation("of record \(event.record) version \(event.version) had its effect after version \(last)")
        }
        heard[event.record] = event.version
    }

    /// All that is committed had its effect.
    func checkEnd() throws(Violation) {
        for record in versions.keys.sorted() where heard[record] != versions[record] {
            let (last, all) = (heard[record] ?? 0, versions[record] ?? 0)
            throw Violation("record \(record) has \(all) versions, and \(last) had their effect")
        }
    }
}
