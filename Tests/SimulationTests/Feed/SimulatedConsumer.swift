import TestSupport

@testable import Records

/// An instance of a consumer: it does what `FeedConsumer.step` does, and may be killed between any two things of it.
struct SimulatedConsumer {
    private enum State {
        case resting
        case knows(stored: [UInt8])
        case hasRead(stored: [UInt8], events: [LedgerRow], next: FeedCursor, checkpoint: Int)
        /// The row is locked, and the cursor was what it had been.
        case holds(FeedTransaction, events: [LedgerRow], next: FeedCursor)
        /// COMMIT is sent for the first of these.
        case commits([FeedTransaction])
    }

    let batchMax: Int
    private var state = State.resting
    /// The last read found nothing to do.
    private(set) var isIdle = false

    init(batchMax: Int) { self.batchMax = batchMax }

    mutating func step(_ world: inout FeedWorld) throws(Violation) {
        switch state {
        case .resting: state = .knows(stored: world.cursor)
        case .knows(let stored): state = try read(stored, &world)
        case .hasRead(let stored, let events, let next, let checkpoint):
            state = lock(stored, events, next, checkpoint, &world)
        case .holds(let open, let events, let next): state = write(open, events, next, &world)
        case .commits(let transactions):
            if let first = transactions.first { try world.commit(first) }
            let rest = Array(transactions.dropFirst())
            state = rest.isEmpty ? .resting : .commits(rest)
        }
    }

    mutating func crash(_ world: inout FeedWorld) {
        world.trace.note("a consumer is killed")
        switch state {
        case .resting, .knows, .hasRead: break
        case .holds(let open, _, _): world.abandon(open, isCommitting: false)
        case .commits(let transactions):
            if let first = transactions.first { world.abandon(first, isCommitting: true) }
        }
        (state, isIdle) = (.resting, false)
    }

    /// The server has recovered. What was read waits in the program, and goes on with a new connection.
    mutating func loseConnection() {
        if case .hasRead = state { return }
        state = .resting
    }

    private mutating func read(_ stored: [UInt8], _ world: inout FeedWorld) throws(Violation) -> State {
        guard let cursor = FeedCursor(stored) else { throw Violation("a stored cursor is none") }
        let batch = try world.read(after: cursor, countMax: batchMax)
        isIdle = batch.events.isEmpty && batch.next.stands(where: cursor)
        return isIdle
            ? .resting
            : .hasRead(
                stored: stored, events: batch.events, next: batch.next, checkpoint: world.server.checkpoint)
    }

    private func lock(
        _ stored: [UInt8], _ events: [LedgerRow], _ next: FeedCursor, _ checkpoint: Int, _ world: inout FeedWorld
    ) -> State {
        var open = world.begin()
        let isSameServer = world.server.checkpoint == checkpoint || world.bug == .readBeforeRecovery
        guard world.locks.take(.consumer, for: open.number), world.cursor == stored, isSameServer else {
            world.abort(open)
            return .resting
        }
        open.id = world.server.begin()
        return .holds(open, events: events, next: next)
    }

    private func write(
        _ open: FeedTransaction, _ events: [LedgerRow], _ next: FeedCursor, _ world: inout FeedWorld
    ) -> State {
        var open = open
        open.events = events
        guard world.bug == .effectOutside else {
            open.cursor = next.bytes
            return .commits([open])
        }
        var later = world.begin()
        later.cursor = next.bytes
        return .commits([open, later])
    }
}

extension FeedWorld {
    /// A part of the feed, by what `FeedQuery` and `Feed.read` do.
    mutating func read(
        after cursor: FeedCursor, countMax: Int
    ) throws(Violation) -> (events: [LedgerRow], next: FeedCursor) {
        let snapshot = server.snapshot
        guard cursor.seen.xmax <= snapshot.xmax else { throw Violation("the cursor has seen what is to come") }
        let told = cursor.page?.snapshot ?? snapshot
        let hasEnded = cursor.unended?.contains { told.sees($0) } ?? true
        let edge = hasEnded ? cursor.edge : cursor.told
        let untold = ledger.filter {
            $0.position > edge && !cursor.seen.sees($0.transaction) && told.sees($0.transaction)
        }
        // A batch ends early when its rows are long.
        let limit = random.chance(20) ? 1 : countMax
        let events = Array(untold.prefix(limit))
        // Seldom the server does not tell its next id.
        let fresh = FeedCursor.View(snapshot: snapshot, next: random.chance(3) ? nil : server.nextID)
        let view = cursor.page.map { FeedCursor.View(snapshot: $0.snapshot, next: $0.next) } ?? fresh
        var next = cursor
        if bug == .cursorByNumber {
            next = FeedWorld.cursor(at: events.last?.position ?? cursor.floor)
        } else {
            next.advance(to: events.last?.position, of: view, hasMore: events.count == limit)
        }
        trace.note("read \(events.map(\.position)) in \(view.snapshot.text), next \(view.next ?? 0)")
        return (events, next)
    }
}
