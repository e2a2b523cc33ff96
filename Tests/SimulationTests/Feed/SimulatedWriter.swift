import TestSupport

@testable import Records

/// A process that writes records, each time some in one transaction, or nothing that the feed tells: another workspace's.
struct SimulatedWriter {
    /// It takes a step in one of so many of its turns.
    let slowness: Int
    private var transaction: FeedTransaction?
    /// Records to be written, in the order in which they are locked.
    private var plan: [Int] = []
    /// Taken, and in no row yet.
    private var position: Int64?

    private static let recordCount = 4
    private static let writesMax = 3

    init(slowness: Int) { self.slowness = slowness }

    var isResting: Bool { transaction == nil }

    mutating func step(_ world: inout FeedWorld) throws(Violation) {
        guard var open = transaction else { return begin(&world) }
        if let record = plan.first {
            write(record, &open, &world)
            transaction = open
        } else if open.id == nil {
            open.id = world.server.begin()
            transaction = open
        } else {
            transaction = nil
            if world.random.chance(world.odds.abort) { world.abort(open) } else { try world.commit(open) }
        }
    }

    mutating func crash(_ world: inout FeedWorld) {
        guard let open = transaction else { return }
        world.trace.note("a writer is killed")
        world.abandon(open, isCommitting: plan.isEmpty && open.id != nil)
        (transaction, position) = (nil, nil)
    }

    /// The server has recovered.
    mutating func loseConnection() { (transaction, position) = (nil, nil) }

    private mutating func begin(_ world: inout FeedWorld) {
        let count = world.random.number(0...Self.writesMax)
        plan = (0..<count).map { _ in world.random.number(1...Self.recordCount) }.sorted()
        transaction = world.begin()
    }

    /// One thing that writing a row takes: the lock, the transaction's id, the row's number.
    private mutating func write(_ record: Int, _ open: inout FeedTransaction, _ world: inout FeedWorld) {
        guard world.locks.take(.record(record), for: open.number) else { return }
        if world.bug == .numberBeforeID, position == nil {
            position = world.server.number()
            return
        }
        guard let id = open.id else {
            open.id = world.server.begin()
            return
        }
        let before = open.rows.last { $0.record == record }?.version ?? world.versions[record] ?? 0
        let row = LedgerRow(
            position: position ?? world.server.number(), transaction: id, record: record, version: before + 1)
        world.trace.note("wrote \(row)")
        open.rows.append(row)
        plan.removeFirst()
        position = nil
    }
}
