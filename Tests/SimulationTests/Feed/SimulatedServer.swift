import TestSupport

@testable import Records

/// What a PostgreSQL server does about transactions: it gives ids, tells which of them have ended, and numbers rows.
struct SimulatedServer {
    /// The first id that nobody had.
    private(set) var nextID: UInt64 = 100
    /// Follows the last transaction that ended, whatever runs beyond it.
    private var xmax: UInt64 = 100
    private var running: Set<UInt64> = []
    private var nextPosition: Int64 = 1
    /// What a recovery finds at least: ids and numbers beyond these may be given again.
    private var kept: (id: UInt64, position: Int64) = (99, 0)
    /// A recovery ends with one.
    private(set) var checkpoint = 0

    mutating func begin() -> UInt64 {
        defer { nextID += 1 }
        running.insert(nextID)
        return nextID
    }

    /// - Parameter position: the highest that a row of it has, when it is committed; nil when it is not.
    mutating func end(_ id: UInt64, committed position: Int64?) {
        running.remove(id)
        xmax = max(xmax, id + 1)
        if let position { kept = (max(kept.id, id), max(kept.position, position)) }
    }

    /// It crashed and has recovered: open transactions are aborted, and those that left nothing on disk never were.
    mutating func recover(_ random: inout SeededGenerator) {
        running = []
        checkpoint += 1
        nextID = UInt64.random(in: kept.id + 1...nextID, using: &random)
        nextPosition = Int64.random(in: kept.position + 1...nextPosition, using: &random)
        xmax = nextID
    }

    /// Of the ledger's sequence: numbers that are given are not taken back.
    mutating func number() -> Int64 {
        defer { nextPosition += 1 }
        return nextPosition
    }

    /// As `pg_current_snapshot()` tells it.
    var snapshot: FeedSnapshot {
        let open = running.filter { $0 < xmax }.sorted()
        guard let snapshot = FeedSnapshot(checking: open.first ?? xmax, xmax, open) else {
            preconditionFailure("the server's snapshot is none")
        }
        return snapshot
    }
}

extension FeedSnapshot {
    /// As `pg_visible_in_snapshot` says of a transaction that committed.
    func sees(_ id: UInt64) -> Bool { id < xmin || (id < xmax && !running.contains(id)) }
}
