import AccessControl
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// One watch, from the first record to its end.
///
/// Where the feed stands is noted first; then the records are told as they are, a page at a time; then what has happened since, read by
/// the watch itself until nothing is left; and then with all others of the workspace what the tail reads. Whatever is told, the rights of that moment
/// decide; when they let the caller see other records, or the same in another way, it begins anew.
struct Watch {
    private enum Stage {
        case beginning(isReset: Bool)
        /// Records with greater ids are to be told, then what happened after the cursor.
        case records(after: RecordID?, FeedCursor)
        case past(FeedCursor)
        /// With the place after all that was told.
        case present(FeedCursor)
    }

    private let method: WatchMethod
    private let question: WatchQuestion
    private let seat: WatchSeat
    private let responses: MessageWriter
    private let context: CallContext
    private let skipsRecords: Bool
    private var view: WatchView
    private var stage = Stage.beginning(isReset: false)
    /// It tells what happened since a token, which brings that again as often as it is sent.
    private var isCatchingUp = false

    init(
        _ method: WatchMethod, _ question: WatchQuestion, _ view: WatchView, _ seat: WatchSeat,
        _ responses: MessageWriter, _ context: CallContext, skipsRecords: Bool
    ) {
        (self.method, self.question, self.view, self.seat) = (method, question, view, seat)
        (self.responses, self.context, self.skipsRecords) = (responses, context, skipsRecords)
    }

    private var engine: RecordEngine { method.engine }
    private var feed: Feed { seat.tail.feed }
    private var deadline: Deadline { .after(WatchLimits.readTimeout) }

    /// - Throws: when the watch ends: only ends that are no fault of the caller's are without one.
    mutating func run(after token: WatchToken?) async throws {
        seat.noteEnd(of: view)
        if let token { stage = resumed(token) }
        while true {
            switch stage {
            case .beginning(let isReset): try await begin(isReset: isReset)
            case .records(let last, let cursor): try await tellRecords(after: last, cursor)
            case .past(let cursor): try await tellPast(after: cursor)
            case .present(let cursor): try await tellPresent(after: cursor)
            }
        }
    }

    private mutating func resumed(_ token: WatchToken) -> Stage {
        guard token.view == view.digest else { return .beginning(isReset: true) }
        isCatchingUp = true
        return switch token.rest {
        case .nothing: .past(token.cursor)
        case .records(let last): .records(after: last, token.cursor)
        }
    }

    private mutating func begin(isReset: Bool) async throws {
        isCatchingUp = false
        let cursor = try await feed.now(seat.tail.program, deadline: deadline)
        let rest: WatchToken.Rest = skipsRecords ? .nothing : .records(after: nil)
        try await send([
            method.answer.finish(
                method.answer.writer(view, count: 0),
                WatchAnswer.Rest(token: try text(cursor, rest), isReset: isReset), view)
        ])
        stage = skipsRecords ? .past(cursor) : .records(after: nil, cursor)
    }

    // MARK: The records that there are

    private mutating func tellRecords(after last: RecordID?, _ cursor: FeedCursor) async throws {
        guard try await hasSameView() else { return }
        let call = view.call
        let order = try SortOrder([call.type.standard.id.name], call)
        let query = ListQuery(
            selection: view.selection, order: order, pageSize: WatchLimits.pageSize,
            place: last.map { Keyset(values: [.id($0)]) })
        let page = query.page()
        let rows = try await engine.database.read(
            call.actor, at: engine.place(of: call), deadline: deadline.nanoseconds, engine.scan(page.text),
            page.parameters)
        let writer = method.answer.writer(view, count: min(rows.count, WatchLimits.pageSize))
        var (pace, count) = (Pace(), 0)
        for row in rows.prefix(query.pageSize) {
            guard try method.answer.add(row, to: writer) else { break }
            count += 1
            await pace.step()
        }
        ListMethod.rowCost.charge(count, bytes: writer.count, to: context)
        try await takeFromBudget(count, WatchToken(view: view.digest, cursor: cursor, rest: .records(after: last)))
        let isCut = try query.isBounded && RowBytes.areCut(rows, query.order.source)
        let isEnd = count == rows.count && !isCut
        let next = try count == 0 ? last : rows[count - 1].id(call.type.standard.id.firstColumn)
        let rest: WatchToken.Rest = isEnd ? .nothing : .records(after: next)
        try await send([
            method.answer.finish(
                writer, WatchAnswer.Rest(token: try text(cursor, rest), isSnapshotEnd: isEnd), view)
        ])
        stage = isEnd ? .past(cursor) : .records(after: next, cursor)
    }

    // MARK: What has happened

    private mutating func tellPast(after cursor: FeedCursor) async throws {
        guard let batch = try await tellBatch(after: cursor) else { return }
        stage = batch.isCaughtUp ? .present(batch.cursor) : .past(batch.cursor)
        if batch.isCaughtUp { isCatchingUp = false }
    }

    /// One batch, read by the watch itself. Nil when it begins anew.
    private mutating func tellBatch(after cursor: FeedCursor) async throws -> FeedBatch? {
        let batch = try await feed.read(
            seat.tail.program, after: cursor, limit: WatchLimits.eventsAtOnce, deadline: deadline
        ) { $0.object == method.type.object }
        guard try await hasSameView() else { return nil }
        let (responses, count) = try await responses(to: batch.events.map(\.position), batch.cursor, isLate: true)
        if isCatchingUp {
            try await takeFromBudget(count, WatchToken(view: view.digest, cursor: cursor, rest: .nothing))
        }
        try await send(responses)
        return batch
    }

    /// Records that are told as they are, at the beginning or after a token, would be an export by another name. What comes up while the watch
    /// goes on is told once.
    /// - Parameter token: where it goes on when there is more to read.
    private func takeFromBudget(_ count: Int, _ token: WatchToken) async throws {
        do {
            try await engine.readBudget.take(all: count, view.call)
        } catch var error as RPCError where error.reason == RecordReason.readBudgetExhausted.rawValue {
            error.details.append(("resume_token", try engine.text(token, of: view.call)))
            throw error
        }
    }

    /// Joins the others: what the tail has seen and this watch has not is read as before, the rest is what the tail brings.
    private mutating func tellPresent(after cursor: FeedCursor) async throws {
        var cursor = cursor
        let joint = try await seat.join()
        cursor.stay(within: joint.seen)
        while cursor.page != nil {
            guard let batch = try await tellBatch(after: cursor) else { return }
            cursor = batch.cursor
        }
        stage = .present(cursor)
        while try await tellNews(after: &cursor) {}
    }

    /// False when the watch begins anew.
    private mutating func tellNews(after cursor: inout FeedCursor) async throws -> Bool {
        let news = try await seat.news()
        guard try await hasSameView() else { return false }
        switch news {
        case .rights: break
        case .silence(let place):
            cursor = place
            try await send([
                method.answer.finish(
                    method.answer.writer(view, count: 0), WatchAnswer.Rest(token: try text(place, .nothing)), view)
            ])
        case .lost: throw RecordErrors.watchTooSlow(try text(cursor, .nothing))
        case .batch(let batch):
            cursor = batch.cursor
            guard let positions = batch.positions[method.type.object] else { break }
            let view = view
            try await send(
                try await batch.responses(for: view.digestWithTags) { [self] in
                    try await responses(to: positions, batch.cursor, isLate: false).made
                })
        }
        return true
    }

    /// What the events mean to this view, and how many records that tells: no response for no news, the token in the last.
    private func responses(
        to positions: [Int64], _ cursor: FeedCursor, isLate: Bool
    ) async throws -> (made: [[UInt8]], recordCount: Int) {
        let (answer, type) = (method.answer, method.type)
        var (made, gone, pace): ([[UInt8]], [RecordID], Pace) = ([], [], Pace())
        var count = 0
        var writer = answer.writer(view, count: positions.count)
        var rest = positions[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(view.call.type.rowsAtOnce))
            rest = rest.dropFirst(part.count)
            for row in try await read(part, isLate: isLate) {
                let id = try WatchQuery.id(in: row, of: type)
                gone.removeAll { $0 == id }
                let isGone = try WatchQuery.isGone(in: row, of: type)
                if isGone { gone.append(id) } else { count += 1 }
                if try !isGone && !answer.add(row, to: writer) {
                    made.append(answer.finish(writer, WatchAnswer.Rest(), view))
                    writer = answer.writer(view, count: positions.count)
                    _ = try answer.add(row, to: writer)
                }
                await pace.step()
            }
        }
        guard writer.count > 0 || !gone.isEmpty else { return (made, count) }
        let end = WatchAnswer.Rest(gone: gone, token: try text(cursor, .nothing))
        return (made + [answer.finish(writer, end, view)], count)
    }

    /// Who comes late takes turns, since more may have happened since; who waits for news does not wait in that line.
    private func read(_ positions: [Int64], isLate: Bool) async throws -> Rows {
        let call = view.call
        let laterMax = isLate ? WatchLimits.laterEventsMax : WatchLimits.laterNewsMax
        let query = WatchQuery(selection: view.selection, positions: positions, laterMax: laterMax)
        let (text, parameters) = query.statement()
        let isScan = isLate || view.selection.filter?.followsReferences ?? false
        return try await engine.database.read(
            call.actor, at: engine.place(of: call), deadline: deadline.nanoseconds,
            isScan ? engine.scan(text) : engine.statement(text), parameters)
    }

    // MARK: Rights, tokens, sending

    /// Looks at the rights of now. False when they show other records, or the same in another way: then it begins anew.
    private mutating func hasSameView() async throws -> Bool {
        let policy = try await engine.policies.snapshot(of: view.call.actor.tenantID, minEpoch: 0)
        guard policy !== view.call.policy || view.end.map({ $0 <= .now() }) ?? false else {
            if view.end != nil { seat.noteEnd(of: view) }
            return true
        }
        let present = try WatchView(
            question, try await engine.authorise(context, method.type, .read), engine)
        let isSame = present.digest == view.digest
        view = present
        seat.noteEnd(of: view)
        if !isSame { stage = .beginning(isReset: true) }
        return isSame
    }

    private func text(_ cursor: FeedCursor, _ rest: WatchToken.Rest) throws -> String {
        try engine.text(WatchToken(view: view.digest, cursor: cursor, rest: rest), of: view.call)
    }

    private func send(_ made: [[UInt8]]) async throws {
        for response in made { try await responses.write(encoded: response) }
        if !made.isEmpty { seat.noteWord() }
    }
}
