import AccessControl
import Postgres
import RPC
import TenantDatabase
import Wire

/// Creates one record. One round trip, unless the record refers to others or its type has a hook in the transaction.
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

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> Message {
        let call = try await engine.authorise(context, type, .create)
        let path = "\(sent.name)."
        guard let sent = request.message(sent) else {
            throw RecordErrors.invalid(
                .recordMissing, "Send the \(type.object) to create.", field: self.sent.name)
        }
        try call.rights.requireWritable(type.fields.filter { !$0.isOutputOnly && sent.has($0.descriptor) })
        let preparation = ChangePreparation(engine: engine, call: call, path: path)
        let change = try preparation.newRecord(from: sent)
        try preparation.validate(change, fields: type.fields)
        try preparation.requireScope(.create, change)
        let stored = try StoredAnswer(context, request: request)
        let bytes = try await TakenID(call: call, path: path).explaining(change, in: engine) {
            try await engine.replaying(stored, context, response, type: type, path: path) {
                try await preparation.checkRemoteReferences([change])
                return try await self.store(change, preparation, stored)
            }
        }
        return try engine.decode(bytes, as: response, in: context)
    }

    private func store(
        _ change: RecordChange, _ preparation: ChangePreparation, _ stored: StoredAnswer?
    ) async throws -> [UInt8] {
        guard type.hooks.beforeWrite == nil, type.hooks.afterCreate == nil,
            !preparation.hasLocalReferences(change)
        else {
            return try await storeInTransaction(change, preparation, stored)
        }
        let write = WriteStatements(engine: engine)
        var statements: [(Statement, Parameters)] = []
        let answer = encodedAnswer(change)
        try MessageLimits.check(answer)
        if let stored { statements += stored.statements(answer, by: change.caller, at: change.call.now) }
        statements.append(write.insert(change))
        statements.append(write.ledger(change, fields: change.changedFields))
        _ = try await engine.database.batch(change.caller, deadline: change.call.deadline, statements)
        await type.hooks.afterCommit?(change)
        return answer
    }

    private func storeInTransaction(
        _ change: RecordChange, _ preparation: ChangePreparation, _ stored: StoredAnswer?
    ) async throws -> [UInt8] {
        var written: [RecordChange] = []
        let answer = try await engine.database.transaction(change.caller, deadline: change.call.deadline) { sql in
            let transaction = try RecordTransaction(engine, change.context, sql, call: change.call)
            try await preparation.checkReferences([change], in: transaction)
            if let beforeWrite = type.hooks.beforeWrite {
                try await beforeWrite(change, transaction)
                try preparation.validate(change, fields: type.fields)
                try preparation.requireScope(.create, change)
            }
            _ = try transaction.store(creation: change)
            try await type.hooks.afterCreate?(change, transaction)
            written = transaction.changes
            let answer = encodedAnswer(change)
            try transaction.store(answer, under: stored)
            return answer
        }
        for change in written { await change.type.hooks.afterCommit?(change) }
        return answer
    }

    private func encodedAnswer(_ change: RecordChange) -> [UInt8] {
        let answer = Message.make(response, in: change.context.arena)
        answer.setMessage(record, change.call.present(change.after))
        return WireCodec.encode(answer)
    }
}

extension RecordEngine {
    /// An answer from its bytes: those just stored, or stored by the first of several equal requests.
    func decode(_ bytes: [UInt8], as response: MessageDescriptor, in context: CallContext) throws -> Message {
        try bytes.withUnsafeBytes { try WireCodec.decode($0, as: response, arena: context.arena) }
    }
}
