import AccessControl
import RPC
import Reactor
import Tenancy
import Wire

/// Streams all records that a filter selects, page by page: each page is a short read of its own, asked for when the client has taken
/// the one before, with the rights and masks of that moment.
///
/// A call ends after a while, so that its session is looked at again; the client goes on with the token.
struct ExportMethod {
    /// On top of what a call costs.
    static let rowCost = RowCost(countIncluded: 0, countPerUnit: 16)
    /// Units of the workspace's budget for exports after which a call ends.
    static let callCostMax: UInt32 = 5_000
    /// After which a call ends: a caller's token is good for as long.
    static let callDurationMax = Duration.seconds(60)
    /// What a client has at least to take a message that is sent at the end of a call's time.
    static let messageDurationMin = Duration.seconds(5)

    private let engine: RecordEngine
    private let type: RecordType
    private let request: ExportFields.Request
    private let response: ExportFields.Response

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        request = try ExportFields.Request(shape)
        response = try ExportFields.Response(shape)
    }

    @Sendable func answer(_ message: Message, _ writer: MessageWriter, _ context: CallContext) async throws {
        let pages = ExportPages(engine: engine, type: type, request: request, message: message, context: context)
        let first = try await pages.authorise()
        let binding = pages.binding(first)
        let place = try pages.begin(first, binding)
        let ledger = ExportLedger(engine: engine, call: first, request: try await pages.trace(first))
        try engine.exports.begin(first.actor, now: MonotonicTime.now())
        defer { engine.exports.end(first.actor, now: MonotonicTime.now()) }
        var run = ExportRun(pages: pages, place: place, binding: binding, ledger: ledger)
        do {
            try await run.send(to: writer, response)
        } catch {
            await run.noteBreak()
            throw DatabaseErrors.translate(error, type)
        }
    }
}

/// The fields of an export's request and response.
enum ExportFields {
    struct Request {
        let filter, expression, orderBy, readMask, showDeleted, resumeToken: FieldDescriptor

        init(_ shape: MethodShape) throws {
            filter = try shape.request("filter")
            expression = try shape.request("filter_expression")
            orderBy = try shape.request("order_by", repeated: true)
            readMask = try shape.request("read_mask", repeated: true)
            showDeleted = try shape.request("show_deleted")
            resumeToken = try shape.request("resume_token")
        }

        /// The forms of the filter. They must stay the same when an export is resumed, and so must the others, without the token.
        var selecting: [FieldDescriptor] { [filter, expression] }
        var shaping: [FieldDescriptor] { [orderBy, readMask, showDeleted] }
    }

    struct Response {
        let message: MessageDescriptor
        let records, resumeToken, recordCount: FieldDescriptor

        init(_ shape: MethodShape) throws {
            message = shape.method.response
            records = try shape.responseRecord(repeated: true)
            resumeToken = try shape.response("resume_token")
            recordCount = try shape.response("record_count")
        }
    }
}
