import Postgres
package import RPC
import Reactor
package import Tenancy
import TenantDatabase

/// The feed of a tenant in a service: each row of its ledger is an event, told once to whoever goes on from the cursor that he was given.
///
/// For programs that work for the workspace itself, each inside the tenant's role. Of kinds of records that their purpose does not read
/// they are told nothing.
package struct Feed: Sendable {
    let engine: RecordEngine

    /// Most events of a batch. It holds fewer when they are long (`RowBytes.bytesAtOnce`).
    package static let limitMax = 1000

    package init(_ engine: RecordEngine) { self.engine = engine }

    /// The events after a cursor, and where to go on. One round trip, which waits for nobody's transaction.
    ///
    /// - Parameter limit: from 1 to `limitMax`.
    /// - Throws: OUT_OF_RANGE with FEED_CURSOR_INVALID for a cursor of another feed or of data that was restored since, and with
    ///   FEED_CURSOR_EXPIRED when events after it are no longer told: the reader begins anew, from the records as they are.
    package func read(
        _ program: TenantActor, after cursor: FeedCursor, limit: Int, deadline: Deadline
    ) async throws -> FeedBatch {
        let purpose = try Feed.purpose(of: program)
        return try await read(program, after: cursor, limit: limit, deadline: deadline) { event in
            purpose.needs.contains("\(event.object).read")
        }
    }

    /// The same for a reader inside the engine, which decides itself what it tells to whom.
    func read(
        _ program: TenantActor, after cursor: FeedCursor, limit: Int, deadline: Deadline,
        telling isTold: (FeedEvent) -> Bool
    ) async throws -> FeedBatch {
        precondition((1...Feed.limitMax).contains(limit), "a batch has 1 to \(Feed.limitMax) events")
        let (rows, server) = try await part(program, cursor, limit, deadline)
        var pace = Pace()
        let told = try await pace.map(rows) { try FeedEvent($0) }.compactMap(\.self)
        let view = cursor.page.map { FeedCursor.View(snapshot: $0.snapshot, next: $0.next) } ?? server.view
        let bytes = try rows.last?.optionalInt64(FeedQuery.Column.bytes.rawValue) ?? 0
        let hasMore = told.count == limit || bytes >= RowBytes.bytesAtOnce
        var next = cursor
        next.timeline = server.timeline
        next.advance(to: told.last?.position, of: view, hasMore: hasMore)
        return FeedBatch(
            events: told.filter(isTold), cursor: next,
            isCaughtUp: !hasMore && cursor.page == nil, checkpoint: server.checkpoint)
    }

    /// Where the feed begins: with the oldest event that is told.
    package func beginning(_ program: TenantActor, deadline: Deadline) async throws -> FeedCursor {
        var cursor = try await emptyCursor(program)
        let (_, server) = try await part(program, cursor, 1, deadline, checksFloor: false)
        cursor = FeedCursor(
            tenantID: cursor.tenantID, service: cursor.service, epoch: cursor.epoch, timeline: server.timeline,
            seen: .nothing, floor: server.floor)
        return cursor
    }

    /// Where the feed stands: only what is committed from now on is told.
    package func now(_ program: TenantActor, deadline: Deadline) async throws -> FeedCursor {
        let empty = try await emptyCursor(program)
        let part = engine.statement(FeedQuery.text(limit: 1))
        let statements = [(part, FeedQuery.values(after: empty)), Feed.places]
        let results = try await DatabaseErrors.translated {
            try await engine.database.batch(
                program, deadline: deadline.nanoseconds, access: .snapshot, statements)
        }
        let server = try FeedServer(try results[0].one())
        // Wherever a consumer's search begins, this one's may: it has seen all that the consumer has.
        let floors = results[1].compactMap { $0.value(0).flatMap { FeedCursor(Array($0))?.floor } }
        var cursor = FeedCursor(
            tenantID: empty.tenantID, service: empty.service, epoch: empty.epoch, timeline: server.timeline,
            seen: .nothing, floor: floors.reduce(server.floor, max))
        cursor.advance(to: try results[1].first?.int64(1), of: server.view, hasMore: false)
        return cursor
    }

    /// The cursors of all consumers, with the last position that was committed.
    private static let places: (Statement, Parameters) = (
        Statement(
            """
            SELECT cursor, last.position FROM (
                SELECT coalesce(max(position), 0) AS position FROM {schema}.ledger WHERE position > 0
            ) AS last LEFT JOIN {schema}.feed_consumers ON true
            """), Parameters()
    )

    /// How much is to be told after a cursor.
    package func backlog(
        _ program: TenantActor, after cursor: FeedCursor, deadline: Deadline
    ) async throws -> FeedBacklog {
        let (statement, parameters) = FeedQuery.backlog(after: cursor, countMax: FeedBacklog.countMax)
        let row = try await DatabaseErrors.translated {
            try await engine.database.read(program, deadline: deadline.nanoseconds, statement, parameters).one()
        }
        return FeedBacklog(count: Int(try row.int64(0)), earliest: try row.optionalTimestamp(1))
    }

    /// Those of some records of a kind of which an event is to be told after a cursor, however many events that are.
    func changed(
        among ids: [RecordID], of object: String, _ program: TenantActor, after cursor: FeedCursor, deadline: Deadline
    ) async throws -> Set<RecordID> {
        let (statement, parameters) = FeedQuery.changed(among: ids, of: object, after: cursor)
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(program, deadline: deadline.nanoseconds, statement, parameters)
        }
        return Set(try rows.map { try $0.id(0) })
    }
}

// Reading.
extension Feed {
    private static func purpose(of program: TenantActor) throws -> Purpose {
        guard case .program(let purpose, let principal) = program.actor, principal == nil else {
            throw RPCError.permissionDenied(
                RecordReason.permissionMissing.rawValue, "The feed is read by programs for the workspace itself.",
                domain: RecordErrors.domain)
        }
        return purpose
    }

    private func emptyCursor(_ program: TenantActor) async throws -> FeedCursor {
        _ = try Feed.purpose(of: program)
        let place = try await engine.database.placement(of: program)
        return FeedCursor(
            tenantID: program.tenantID, service: engine.database.service, epoch: place.epoch, timeline: nil,
            seen: .nothing, floor: 0)
    }

    private func part(
        _ program: TenantActor, _ cursor: FeedCursor, _ limit: Int, _ deadline: Deadline, checksFloor: Bool = true
    ) async throws -> (Rows, FeedServer) {
        let place = try await engine.database.placement(of: program)
        guard cursor.tenantID == program.tenantID, cursor.service == engine.database.service,
            cursor.epoch == place.epoch
        else { throw RecordErrors.feedCursorInvalid() }
        let statement = engine.statement(FeedQuery.text(limit: limit))
        let rows = try await DatabaseErrors.translated {
            try await engine.database.read(
                program, at: place, deadline: deadline.nanoseconds, statement, FeedQuery.values(after: cursor))
        }
        guard let first = rows.first else { throw PostgresError(.other, "the server said nothing of itself") }
        let server = try FeedServer(first)
        guard cursor.timeline ?? server.timeline == server.timeline, cursor.seen.xmax <= server.view.snapshot.xmax
        else { throw RecordErrors.feedCursorInvalid() }
        if checksFloor, cursor.edge < server.floor { throw RecordErrors.feedCursorExpired(oldest: server.floor) }
        return (rows, server)
    }
}

// Cursors that leave the program.
extension Feed {
    /// A cursor as a text for others to keep: sealed, and good for this tenant's feed only.
    package func token(_ cursor: FeedCursor) throws -> String {
        try engine.tokens.make(cursor.bytes, list: Feed.tokenUse(cursor.tenantID))
    }

    /// - Throws: OUT_OF_RANGE with FEED_CURSOR_INVALID for anything that `token` did not make for this tenant.
    package func cursor(_ token: String, of program: TenantActor) throws -> FeedCursor {
        guard let bytes = engine.tokens.place(token, list: Feed.tokenUse(program.tenantID)),
            let cursor = FeedCursor(bytes)
        else { throw RecordErrors.feedCursorInvalid() }
        return cursor
    }

    private static func tokenUse(_ tenant: TenantID) -> [UInt8] { Array("feed".utf8) + tenant.id.bytes }
}

/// What a reader of a feed has not been told.
package struct FeedBacklog: Sendable, Hashable {
    /// Events, counted up to `countMax`.
    package let count: Int
    /// The earliest moment of these; nil without any.
    package let earliest: Timestamp?

    package static let countMax = 10_000

    static let none = FeedBacklog(count: 0, earliest: nil)
}
