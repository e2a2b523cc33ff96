import AccessControl
import RPC
import Tenancy
import Wire

/// Tells records and what becomes of them, until the caller has enough.
struct WatchMethod {
    let engine: RecordEngine
    let type: RecordType
    let answer: WatchAnswer
    private let hub: WatchHub
    private let filter, expression, readMask, resumeToken, changesOnly: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape, _ hub: WatchHub) throws {
        (self.engine, self.hub) = (engine, hub)
        type = shape.type
        answer = try WatchAnswer(shape)
        filter = try shape.request("filter")
        expression = try shape.request("filter_expression")
        readMask = try shape.request("read_mask", repeated: true)
        resumeToken = try shape.request("resume_token")
        changesOnly = try shape.request("changes_only")
    }

    @Sendable func serve(_ request: Message, _ responses: MessageWriter, _ context: CallContext) async throws {
        let call = try await engine.authorise(context, type, .read)
        let question = WatchQuestion(
            filter: try await engine.filter(request.message(filter), request.string(expression), call),
            mask: try request.mask(readMask, of: call.type))
        _ = try ReadMask(question.mask, of: call.type)
        let view = try WatchView(question, call, engine)
        let text = request.string(resumeToken) ?? ""
        let token = text.isEmpty ? nil : try engine.watchToken(text, of: call)
        let seat = try hub.enter(call.actor)
        defer { hub.leave(seat) }
        context.onCancel { seat.cancel() }
        do {
            var watch = Watch(
                self, question, view, seat, responses, context,
                skipsRecords: request.has(changesOnly) && request.bool(changesOnly))
            try await watch.run(after: token)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }
}
