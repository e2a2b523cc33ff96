import Postgres
import RPC
import Reactor
import Tenancy
import Wire

/// One call of an export: from its place until the end, or until the call has lasted long enough.
struct ExportRun {
    /// Bytes of records after which a message is sent.
    static let messageBytes = 256 << 10

    private let pages: ExportPages
    private var place: ExportPlace
    private let binding: [UInt8]
    private let ledger: ExportLedger
    private var state = State.asked

    private enum State {
        /// Nothing was sent, and a refusal leaves no trace. → sending
        case asked
        /// The ledger knows of the call. → ended
        case sending
        /// The ledger knows what the call gave, too.
        case ended
    }

    init(pages: ExportPages, place: ExportPlace, binding: [UInt8], ledger: ExportLedger) {
        (self.pages, self.place, self.binding, self.ledger) = (pages, place, binding, ledger)
    }

    mutating func send(to writer: MessageWriter, _ response: ExportFields.Response) async throws {
        var page = try await pages.page(after: place.keyset)
        try await ledger.note(.begun, place)
        state = .sending
        while true {
            try await send(page, to: writer, response)
            if state == .ended { return }
            try await keepPace(page.call.actor.tenantID)
            page = try await pages.page(after: place.keyset)
        }
    }

    private func keepPace(_ tenant: TenantID) async throws {
        let wait = pages.engine.exports.wait(of: tenant, now: MonotonicTime.now())
        guard wait > 0 else { return }
        guard let loop = EventLoop.current else { preconditionFailure("calls run on loops") }
        try await loop.sleep(for: .nanoseconds(Int64(clamping: wait)))
    }

    /// Sends a page in as many messages as it needs, one at least; not the rest of it when the call is over, however slow its reader is: one
    /// who does not take a message until then gets no other. The ledger is told of the end before the client is.
    private mutating func send(_ page: ExportPages.Page, to writer: MessageWriter, _ response: ExportFields.Response)
        async throws
    {
        var rest = page.rows
        repeat {
            let part = RecordWriter(page.call, page.mask, count: min(rest.count, page.call.type.rowsAtOnce))
            let count = try await fill(part, with: rest, response)
            if let last = rest.prefix(count).last {
                place.keyset = try Keyset(last, in: page.order, arena: writer.arena)
            }
            place.count += Int64(count)
            rest = rest.dropFirst(count)
            charge(count, part.count, page.call)
            let isComplete = rest.isEmpty && !page.hasMore
            try await noteEnd(isComplete: isComplete)
            let answer = Message.make(response.message, in: writer.arena)
            answer.setInt64(response.recordCount, place.count)
            if !isComplete {
                answer.setString(response.resumeToken, try pages.engine.tokens.make(place.bytes, list: binding))
            }
            part.write(fieldsOf: answer)
            try await writer.write(encoded: part.bytes, until: writeDeadline)
        } while !rest.isEmpty && state == .sending
    }

    /// Writes as many of the rows as a message holds, one at least if there is one. Returns their number.
    private func fill(
        _ part: RecordWriter, with rows: Slice<Rows>, _ response: ExportFields.Response
    ) async throws -> Int {
        var pace = Pace()
        var count = 0
        for row in rows {
            try part.write(row, as: response.records)
            count += 1
            if part.count >= Self.messageBytes { break }
            await pace.step()
        }
        return count
    }

    private func charge(_ count: Int, _ bytes: Int, _ call: RecordCall) {
        let units = ExportMethod.rowCost.units(count, bytes: bytes)
        call.context.ownBudgetCost += units
        pages.engine.exports.charge(units, to: call.actor.tenantID, now: MonotonicTime.now())
    }

    private mutating func noteEnd(isComplete: Bool) async throws {
        let context = pages.context
        let elapsed = MonotonicTime.now() &- context.startNanoseconds
        let isOver =
            context.ownBudgetCost >= ExportMethod.callCostMax
            || .nanoseconds(Int64(clamping: elapsed)) >= ExportMethod.callDurationMax
        guard isComplete || isOver else { return }
        try await ledger.note(isComplete ? .complete : .paused, place)
        state = .ended
    }

    private var writeDeadline: Deadline {
        max(
            Deadline.after(ExportMethod.callDurationMax, from: pages.context.startNanoseconds),
            Deadline.after(ExportMethod.messageDurationMin))
    }

    /// The call ends before its time, whatever the reason. What went out is told all the same, if that can be.
    func noteBreak() async {
        guard state == .sending else { return }
        await ledger.noteBreak(place)
    }
}
