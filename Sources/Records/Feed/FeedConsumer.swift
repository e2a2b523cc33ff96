package import Logging
import Postgres
package import RPC
package import Tenancy
import TenantDatabase

/// A program that makes something of each event, once: the cursor is stored by the transaction of the effect, in the tenant's schema.
package struct FeedConsumer: Sendable {
    /// Unique in the service: its place is kept by it.
    package let name: String
    /// What it does, for the ledger.
    let method: MethodDefinition
    let start: FeedStart
    let batchSize: Int
    let feed: Feed
    private let meter: FeedMeter

    package init(
        _ name: StaticString, of feed: Feed, doing method: MethodDefinition, from start: FeedStart,
        batchSize: Int = 100, meter: FeedMeter
    ) {
        self.name = name.description
        (self.feed, self.method, self.start, self.batchSize, self.meter) = (feed, method, start, batchSize, meter)
    }

    /// Reads a batch and runs `effect` in the transaction that stores the cursor: both are done, or neither. Nothing is written when there
    /// is nothing to do.
    ///
    /// Reading comes before the transaction: an idle consumer takes no lock and no transaction id, and what is read has the first id that
    /// nobody has, which a transaction with an id of its own is not told. The transaction finds the cursor as it was read, or ends without effect.
    ///
    /// - Throws: as `Feed.read` and `RecordEngine.transaction`, and what `effect` throws. After FEED_CURSOR_INVALID and FEED_CURSOR_EXPIRED the
    ///   consumer makes its effect anew from the records and is `restart`ed.
    package func step(
        as program: TenantActor, deadline: Deadline, logger: Logger,
        _ effect: (RecordTransaction, [FeedEvent]) async throws -> Void
    ) async throws -> FeedStep {
        guard let stored = try await cursor(program, deadline) else {
            try await put(place.begin(try await startingPoint(program, deadline)), program, deadline)
            return .advanced(events: 0, isCaughtUp: false)
        }
        guard let cursor = FeedCursor(stored) else { throw RecordErrors.feedCursorInvalid() }
        let batch = try await feed.read(program, after: cursor, limit: batchSize, deadline: deadline)
        guard !batch.events.isEmpty || !batch.cursor.stands(where: cursor) else {
            meter.note(FeedBacklog.none, of: name, program)
            return .idle
        }
        let isDone = try await feed.engine.transaction(
            as: program, doing: method, deadline: deadline, logger: logger
        ) { transaction in
            let held = try await transaction.query(place.hold(stored, asReadIn: batch)).first
            guard try held?.bool(0) == true else { return false }
            if !batch.events.isEmpty { try await effect(transaction, batch.events) }
            try transaction.enqueue(place.move(to: batch.cursor))
            return true
        }
        guard isDone else { return .elsewhere }
        meter.note(batch.events, of: name)
        if batch.isCaughtUp { meter.note(FeedBacklog.none, of: name, program) }
        return .advanced(events: batch.events.count, isCaughtUp: batch.isCaughtUp)
    }

    /// Goes on from here, whatever the cursor was.
    package func restart(
        as program: TenantActor, from cursor: FeedCursor, deadline: Deadline
    ) async throws {
        try await put(place.replace(cursor), program, deadline)
    }

    /// Tells the metrics how far behind it is in a tenant.
    package func measure(as program: TenantActor, deadline: Deadline) async throws {
        guard let stored = try await cursor(program, deadline), let cursor = FeedCursor(stored) else { return }
        meter.note(try await feed.backlog(program, after: cursor, deadline: deadline), of: name, program)
    }
}

// Its row.
extension FeedConsumer {
    private var place: FeedPlace { FeedPlace(name: name) }

    private func cursor(_ program: TenantActor, _ deadline: Deadline) async throws -> [UInt8]? {
        let query = place.find
        let rows = try await DatabaseErrors.translated {
            try await feed.engine.database.read(
                program, deadline: deadline.nanoseconds, query.statement, query.parameters)
        }
        return rows.first.map { Array($0.bytes(0)) }
    }

    private func startingPoint(_ program: TenantActor, _ deadline: Deadline) async throws -> FeedCursor {
        switch start {
        case .beginning: try await feed.beginning(program, deadline: deadline)
        case .now: try await feed.now(program, deadline: deadline)
        }
    }

    private func put(_ query: Query, _ program: TenantActor, _ deadline: Deadline) async throws {
        _ = try await DatabaseErrors.translated {
            try await feed.engine.database.batch(
                program, deadline: deadline.nanoseconds, [(query.statement, query.parameters)])
        }
    }
}

/// Where a consumer that is new begins.
package enum FeedStart: Sendable, Hashable {
    case beginning, now
}

/// What a step of a consumer did.
package enum FeedStep: Sendable, Hashable {
    /// Its effect is committed for so many events. More may be there unless it has caught up.
    case advanced(events: Int, isCaughtUp: Bool)
    /// Nothing was to be done.
    case idle
    /// Another instance works on this feed.
    case elsewhere
}
