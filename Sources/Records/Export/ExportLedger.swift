import Logging
import Observability
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// What the ledger says of an export: who took along which records, by a filter on which fields, and how many. Its rows have an object of their own,
/// so that they are in no record's history and no consumer of the feed takes them for a change of a record.
struct ExportLedger {
    static let object = "export"

    enum State: String {
        case begun, paused, complete
        case brokenOff = "broken_off"
    }

    let engine: RecordEngine
    let call: RecordCall
    /// The request without its token and without the values of its filter.
    let request: Message

    /// How long a call that has ended tries to say so.
    private static let timeout = Duration.seconds(5)

    func note(_ state: State, _ place: ExportPlace) async throws {
        try await write(state, place, deadline: call.context.deadline)
    }

    /// The caller may be gone, so with time of its own.
    func noteBreak(_ place: ExportPlace) async {
        let (engine, call) = (engine, call)
        let insertion = row(.brokenOff, place).insertion(origin)
        do {
            // Not the call's task, which may have been cancelled.
            _ = try await Task(executorPreference: EventLoop.current) {
                try await engine.database.batch(
                    call.actor, at: engine.place(of: call), deadline: Deadline.after(Self.timeout).nanoseconds,
                    [insertion])
            }.value
        } catch {
            call.context.logger.warning(
                "the end of an export is not in the ledger", metadata: [LogKey.error: "\(LogText.of(error))"])
        }
    }

    private func write(_ state: State, _ place: ExportPlace, deadline: Deadline) async throws {
        _ = try await engine.database.batch(
            call.actor, at: engine.place(of: call), deadline: deadline.nanoseconds,
            [row(state, place).insertion(origin)])
    }

    private var origin: LedgerRow.Origin {
        LedgerRow.Origin(time: .now(), by: call.actor.actor, call.context)
    }

    /// The number of records stands in the place of the version: it rises from row to row of an export.
    private func row(_ state: State, _ place: ExportPlace) -> LedgerRow {
        var json = JSONWriter()
        json.write(request)
        let head =
            "{\"object\":\"\(call.type.object)\",\"state\":\"\(state.rawValue)\",\"record_count\":\(place.count),\"request\":"
        return LedgerRow(
            object: Self.object, recordID: place.id, version: place.count, before: nil,
            after: Array(head.utf8) + json.bytes + [UInt8(ascii: "}")])
    }
}
