import AccessControl
import RPC
import Wire

/// Creates one record. One round trip, unless the record refers to others or a rule of its type asks something.
struct CreateMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let sent: FieldDescriptor
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        sent = try shape.requestRecord()
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .create)
        let path = "\(sent.name)."
        guard let sent = request.message(sent) else {
            throw RecordErrors.invalid(
                .recordMissing, "Send the \(type.object) to create.", field: self.sent.name)
        }
        let preparation = ChangePreparation(engine: engine, call: call, path: path)
        let change = try preparation.creation(from: sent, by: .caller)
        try preparation.requireScope(change)
        let stored = try StoredAnswer(context, request: request)
        return try await TakenID(call: call, path: path).explaining(change.recordID, in: engine) {
            try await engine.replaying(stored, context, response, type: type, path: path) {
                let known = try await preparation.checkRemoteReferences(change)
                return try await engine.commit(context, call: call, under: stored, knowing: known) { transaction in
                    let record = try await transaction.write(change, preparation)
                    return call.answer(with: record, as: self.record, of: response)
                }
            }
        }
    }
}

extension RecordCall {
    /// The response of a method that answers one record, as the caller may see it, encoded.
    func answer(with record: Message, as field: FieldDescriptor, of response: MessageDescriptor) -> [UInt8] {
        let answer = Message.make(response, in: context.arena)
        answer.setMessage(field, present(record))
        return WireCodec.encode(answer)
    }
}

extension RecordEngine {
    /// An answer from its bytes: those just stored, or stored by the first of several equal requests.
    func decode(_ bytes: [UInt8], as response: MessageDescriptor, in context: CallContext) throws -> Message {
        try bytes.withUnsafeBytes { try WireCodec.decode($0, as: response, arena: context.arena) }
    }
}
