import AccessControl
import RPC
import Tenancy
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

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
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
        return try await engine.replaying(stored, context, response, type: type, path: path) {
            let edit = Edit(id: id.text, sent: sent, fields: mask.fields)
            // What the record refers to now is not known yet; a reference that it has already is asked for, too.
            let change = RecordChange(.update, call, before: nil, after: edit.only(in: sent.arena))
            let known = try await preparation.checkRemoteReferences(change)
            return try await engine.commit(context, call: call, under: stored, knowing: known) { transaction in
                let loaded = try await transaction.load(type, id: edit.id, for: .update, lifetime: .living)
                try await EditMerge(type: type, transaction: transaction, path: path).check(
                    edit, against: loaded.message)
                let after = loaded.message.copy()
                after.copyFields(from: sent, only: edit.fields.map(\.descriptor))
                let change = try preparation.edit(of: loaded.message, to: after, naming: edit.fields, by: .caller)
                let record = try await transaction.write(change, preparation)
                return call.answer(with: record, as: self.record, of: response)
            }
        }
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
