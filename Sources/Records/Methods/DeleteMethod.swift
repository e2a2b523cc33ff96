import AccessControl
import RPC
import Tenancy
import TenantDatabase
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

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> Message {
        let call = try await engine.authorise(context, type, .delete)
        let id = try RecordEngine.id(request.string(id), field: "id")
        let version = request.has(version) ? request.int64(version) : nil
        return try await engine.changeLifetime(
            call, request: request, response: response, record: record
        ) { transaction in
            let loaded = try await transaction.load(type, id: id.text, for: .delete, version: version)
            let after = loaded.message.copy()
            after.set(type.standard.deleteTime.name, call.now)
            return RecordChange(.delete, call, before: loaded.message, after: after)
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

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> Message {
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
            let after = loaded.message.copy()
            after.clear(type.standard.deleteTime.descriptor)
            return RecordChange(.restore, call, before: loaded.message, after: after)
        }
    }
}

extension RecordEngine {
    /// Deletes or restores: stores the change that `make` gives, and answers the record.
    fileprivate func changeLifetime(
        _ call: RecordCall, request: Message, response: MessageDescriptor, record: FieldDescriptor,
        _ make: (RecordTransaction) async throws -> RecordChange
    ) async throws -> Message {
        let stored = try StoredAnswer(call.context, request: request)
        let bytes = try await replaying(stored, call.context, response, type: call.type) {
            var written: [RecordChange] = []
            let bytes = try await self.database.transaction(call.caller, deadline: call.deadline) { sql in
                let transaction = try RecordTransaction(self, call.context, sql, call: call)
                let change = try await make(transaction)
                try await call.type.hooks.beforeWrite?(change, transaction)
                try await call.type.hooks.beforeLifetimeChange?(change, transaction)
                let after = try transaction.store(change, changed: change.changedFields)
                let answer = Message.make(response, in: call.context.arena)
                answer.setMessage(record, call.present(after))
                let bytes = WireCodec.encode(answer)
                try transaction.store(bytes, under: stored)
                written = transaction.changes
                return bytes
            }
            for change in written { await change.type.hooks.afterCommit?(change) }
            return bytes
        }
        return try decode(bytes, as: response, in: call.context)
    }
}
