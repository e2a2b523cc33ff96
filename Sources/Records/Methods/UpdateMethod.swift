import AccessControl
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// Changes the fields in the mask. Two round trips: lock and read, write and commit; a third when somebody else changed
/// the record since the caller read it.
struct UpdateMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let sent, updateMask: FieldDescriptor
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        sent = try shape.requestRecord()
        updateMask = try shape.request("update_mask", repeated: true)
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> Message {
        let call = try await engine.authorise(context, type, .update)
        let path = "\(sent.name)."
        guard let sent = request.message(sent)?.copy() else {
            throw RecordErrors.invalid(
                .recordMissing, "Send the \(type.object) with its id and the new values.",
                field: self.sent.name)
        }
        let id = try RecordEngine.id(sent.string(type.standard.id.descriptor), field: "\(path)id")
        let mask = try UpdateMask(request.mask(updateMask, of: type), sent: sent, type: type)
        try call.rights.requireWritable(mask.fields)
        for field in mask.fields { field.normalizeTexts(in: sent) }
        let preparation = ChangePreparation(engine: engine, call: call, path: path)
        try refuseInvalid(sent, mask, path)
        let stored = try StoredAnswer(context, request: request)
        let bytes = try await engine.replaying(stored, context, response, type: type, path: path) {
            let edit = Edit(id: id.text, sent: sent, fields: mask.fields)
            // What the record refers to now is not known yet; a reference that it has already is asked for, too.
            let change = RecordChange(.update, call, before: nil, after: edit.only(in: sent.arena))
            try await preparation.checkRemoteReferences([change])
            return try await self.store(edit, preparation, stored)
        }
        return try engine.decode(bytes, as: response, in: context)
    }

    /// Refuses wrong values before the database is asked anything.
    private func refuseInvalid(_ sent: Message, _ mask: UpdateMask, _ path: String) throws {
        let violations = RecordValidator.violations(in: sent, fields: mask.fields)
        guard !violations.isEmpty else { return }
        throw RPCError.invalidArgument(
            violations.map {
                FieldViolation(field: path + $0.field, reason: $0.reason, description: $0.description)
            },
            domain: RecordErrors.domain)
    }

    private func store(
        _ edit: Edit, _ preparation: ChangePreparation, _ stored: StoredAnswer?
    ) async throws -> [UInt8] {
        let call = preparation.call
        var written: [RecordChange] = []
        let answer = try await engine.database.transaction(call.caller, deadline: call.deadline) { sql in
            let transaction = try RecordTransaction(engine, call.context, sql, call: call)
            let loaded = try await transaction.load(type, id: edit.id, for: .update, lifetime: .living)
            try await EditMerge(type: type, transaction: transaction, path: preparation.path).check(
                edit, against: loaded.message)
            let change = try self.change(loaded, edit, preparation)
            try await preparation.checkReferences([change], in: transaction)
            if let beforeWrite = type.hooks.beforeWrite, !change.changedFields.isEmpty {
                try await beforeWrite(change, transaction)
                try preparation.validate(change, fields: change.changedFields)
            }
            try preparation.requireScope(.update, change)
            let after = try transaction.store(change, changed: change.changedFields)
            written = transaction.changes
            let answer = Message.make(response, in: call.context.arena)
            answer.setMessage(record, call.present(after))
            let bytes = WireCodec.encode(answer)
            try transaction.store(bytes, under: stored)
            return bytes
        }
        for change in written { await change.type.hooks.afterCommit?(change) }
        return answer
    }

    private func change(
        _ loaded: LoadedRecord, _ edit: Edit, _ preparation: ChangePreparation
    ) throws -> RecordChange {
        let after = loaded.message.copy()
        after.copyFields(from: edit.sent, only: edit.fields.map(\.descriptor))
        for field in edit.fields { field.normalize(after) }
        for field in edit.fields where field.isImmutable && !field.isSame(in: loaded.message, after) {
            throw RecordErrors.invalid(
                .fieldImmutable, "\(field.name) is set on creation only.",
                field: preparation.path + field.name)
        }
        followOwner(after, loaded.message, edit, preparation)
        let change = RecordChange(.update, loaded.call, before: loaded.message, after: after)
        try type.hooks.prepare?(change)
        try preparation.validate(change, fields: change.changedFields)
        return change
    }

    /// A record that gets another owner goes to the owner's department, unless the edit names one.
    private func followOwner(
        _ after: Message, _ before: Message, _ edit: Edit, _ preparation: ChangePreparation
    ) {
        guard let owner = type.standard.owner, let department = type.standard.department,
            edit.fields.contains(where: { $0.index == owner.index })
        else { return }
        let isNew = !owner.isSame(in: before, after)
        if isNew, !edit.fields.contains(where: { $0.index == department.index }) {
            after.clear(department.descriptor)
        }
        preparation.fillOwner(of: after, isOwnerChanged: isNew)
    }
}

/// What an update asks for.
struct Edit {
    let id: String
    let sent: Message
    let fields: [RecordField]

    /// The record that holds the edited fields and nothing else.
    func only(in arena: Arena) -> Message {
        let record = Message.make(sent.descriptor, in: arena)
        record.copyFields(from: sent, only: fields.map(\.descriptor))
        return record
    }
}
