import AccessControl
import RPC
import Tenancy
import Wire

/// Deletes a record so that it can be restored. Two round trips.
struct DeleteMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let id, version: FieldDescriptor
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        id = try shape.request("id")
        version = try shape.request("version")
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .delete)
        let id = try RecordEngine.id(request.string(id), field: "id")
        let version = request.has(version) ? request.int64(version) : nil
        return try await engine.changeLifetime(
            call, request: request, response: response, record: record
        ) { transaction in
            let loaded = try await transaction.load(type, id: id.text, for: .delete, version: version)
            return try await transaction.delete(loaded)
        }
    }
}

/// Brings a deleted record back. Needs the right to delete. Two round trips.
struct RestoreMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let id: FieldDescriptor
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        id = try shape.request("id")
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .delete)
        let id = try RecordEngine.id(request.string(id), field: "id")
        return try await engine.changeLifetime(
            call, request: request, response: response, record: record
        ) { transaction in
            let loaded = try await transaction.load(type, id: id.text, for: .delete, lifetime: .any)
            guard loaded.message.has(type.standard.deleteTime.descriptor) else {
                throw RPCError.failedPrecondition(
                    RecordReason.recordNotDeleted.rawValue, "The \(type.object) is not deleted.",
                    domain: RecordErrors.domain)
            }
            return try await transaction.restore(loaded)
        }
    }
}

extension RecordEngine {
    /// Deletes or restores, and answers the record that `change` gives.
    fileprivate func changeLifetime(
        _ call: RecordCall, request: Message, response: MessageDescriptor, record: FieldDescriptor,
        _ change: (RecordTransaction) async throws -> Message
    ) async throws -> [UInt8] {
        let stored = try StoredAnswer(call.context, request: request)
        return try await replaying(stored, call.context, response, type: call.type) {
            try await commit(call.context, call: call, under: stored) { transaction in
                call.answer(with: try await change(transaction), as: record, of: response)
            }
        }
    }
}
