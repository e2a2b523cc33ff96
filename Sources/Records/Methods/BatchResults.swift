import RPC
import Reactor
import Wire

/// Writes the answer of a batch: the records that were stored, and the outcome of each item, a steward.type.v1.ItemResult.
struct BatchResults: Sendable {
    let response: MessageDescriptor
    private let records, results: FieldDescriptor
    private let index, code, message, reason, field, version, conflictingFields: FieldDescriptor

    init(_ shape: MethodShape) throws {
        response = shape.method.response
        records = try shape.responseRecord(repeated: true)
        let results = try shape.response("results", repeated: true)
        guard case .message(let item) = results.kind else { throw shape.problem("results is no message.") }
        func field(_ name: String, repeated: Bool = false) throws -> FieldDescriptor {
            try shape.field(name, in: item, repeated)
        }
        self.results = results
        index = try field("index")
        code = try field("code")
        message = try field("message")
        reason = try field("reason")
        self.field = try field("field")
        version = try field("version")
        conflictingFields = try field("conflicting_fields", repeated: true)
    }

    /// The answer, the records as the caller may see them.
    func encode(_ items: [BatchItem], _ call: RecordCall, at pace: inout Pace) async -> [UInt8] {
        let answer = Message.make(response, in: call.context.arena)
        answer.setMessages(records, await pace.map(items.compactMap(\.record)) { call.present($0) })
        await write(items, to: answer, at: &pace)
        return await PacedCodec.encode(answer, at: &pace)
    }

    /// One result for each item, in order.
    private func write(_ items: [BatchItem], to answer: Message, at pace: inout Pace) async {
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
        guard refusal.reason == RecordReason.versionConflict.rawValue else { return }
        if let text = refusal.details.first(where: { $0.key == "version" })?.value, let current = Int64(text) {
            result.setInt64(version, current)
        }
        if let conflict = refusal.conflict { result.setStrings(conflictingFields, conflict.fields) }
    }
}
