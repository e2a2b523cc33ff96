import AccessControl
import RPC
import Tenancy
import Wire

/// Update, Delete and Restore of one record. Two round trips: lock and read, write and commit; a third when somebody else changed
/// a record since its editor read it.
struct ChangeMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let reader: IntentReader
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape, _ reader: IntentReader) throws {
        self.engine = engine
        self.reader = reader
        type = shape.type
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, reader.action)
        let intent = try reader.intent(request, call)
        let preparation = ChangePreparation(engine: engine, call: call, path: reader.path)
        let stored = try StoredAnswer(context, request: request)
        return try await engine.replaying(stored, context, response, type: type, path: reader.path) {
            try await engine.commit(intent, preparation, under: stored) { record in
                call.answer(with: record, as: self.record, of: response)
            }
        }
    }
}

extension RecordEngine {
    /// Does what is wanted of a record in a transaction of its own, with the answer that `answer` makes of it.
    func commit(
        _ intent: Intent, _ preparation: ChangePreparation, under stored: StoredAnswer?,
        _ answer: (Message) -> [UInt8]
    ) async throws -> [UInt8] {
        let call = preparation.call
        let known = try await preparation.checkRemoteReferences(intent.draft(call))
        return try await commit(call.context, call: call, under: stored, knowing: known) { transaction in
            answer(try await transaction.write(intent, preparation))
        }
    }
}

extension RecordTransaction {
    /// Loads the record, locked, and does what is wanted of it. Answers it as stored.
    @discardableResult
    func write(_ intent: Intent, _ preparation: ChangePreparation) async throws -> Message {
        let loaded = try await load(
            preparation.call.type, id: intent.id.text, for: intent.action, lifetime: intent.lifetime)
        return try await write(intent.change(of: loaded, preparation, in: self), preparation)
    }
}
