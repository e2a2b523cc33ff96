import RPC
import Reactor
import Wire

/// Writes the outcome of each item of a batch: steward.type.v1.ItemResult.
struct BatchResults: Sendable {
    private let results: FieldDescriptor
    private let index, code, message, reason, field: FieldDescriptor

    init(_ shape: MethodShape) throws {
        results = try shape.response("results", repeated: true)
        guard case .message(let item) = results.kind, let index = item.field("index"),
            let code = item.field("code"),
            let message = item.field("message"), let reason = item.field("reason"),
            let field = item.field("field")
        else {
            throw DeclarationError(
                object: shape.type.object,
                problems: ["\(shape.method.response.name).results are no ItemResults."])
        }
        (self.index, self.code, self.message, self.reason, self.field) = (index, code, message, reason, field)
    }

    /// One result for each item, in order.
    func write(_ items: [BatchItem], to answer: Message, at pace: inout Pace) async {
        guard case .message(let descriptor) = results.kind else { return }
        let messages = await pace.map(items.enumerated()) { position, item in
            let result = Message.make(descriptor, in: answer.arena)
            result.setUInt32(index, UInt32(position))
            result.setInt32(code, 0)
            if let refusal = item.refusal { describe(refusal, in: result) }
            return result
        }
        answer.setMessages(results, messages)
    }

    /// Throws what speaks today against an item that was done, as a stored answer says, so that a batch is refused as one creation is.
    ///
    /// - Parameter refusals: one for each item, in order; nil where nothing does.
    func requireRepeatable(_ answer: Message, _ refusals: [RPCError?]) throws {
        for (result, refusal) in zip(answer.messages(results), refusals) where result.int32(code) == 0 {
            if let refusal { throw refusal }
        }
    }

    private func describe(_ refusal: RPCError, in result: Message) {
        result.setInt32(code, Int32(refusal.code.rawValue))
        result.setString(message, refusal.message)
        result.setString(reason, refusal.reason)
        if let path = refusal.fieldViolations.first?.field { result.setString(field, path) }
    }
}
