import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Changes the record that has a value in a field which is unique among the living, or creates it. Two round trips; of two at once that
/// find nobody one creates, and the other then finds what it has created.
struct UpsertMethod {
    /// Looks for the record, until it is there or can be created. A value that a record out of the caller's sight has is taken each time.
    private static let attemptsMax = 3

    private let engine: RecordEngine
    private let type: RecordType
    private let key: RecordField
    private let sent, updateMask, matchField: FieldDescriptor
    private let response: MessageDescriptor
    private let record, created: FieldDescriptor

    /// Throws `DeclarationError` for a type whose key is not unique.
    init(_ engine: RecordEngine, _ shape: MethodShape, key: String) throws {
        guard let key = shape.type.field(key), key.rules.unique != nil else {
            throw shape.problem("its key \(key) is not declared as unique.")
        }
        self.engine = engine
        self.key = key
        type = shape.type
        sent = try shape.requestRecord()
        updateMask = try shape.request("update_mask", repeated: true)
        matchField = try shape.request("match_field")
        response = shape.method.response
        record = try shape.responseRecord()
        created = try shape.response("created")
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.open(context, type, writes: true)
        try call.require(.read)
        // What is found decides which of both it takes; without any of them the call ends here.
        try call.require(call.may(.create) ? .create : .update)
        let upsert = try self.upsert(request, call)
        let stored = try StoredAnswer(context, request: request)
        let path = "\(sent.name)."
        let preparation = ChangePreparation(engine: engine, call: call, path: path)
        do {
            return try await TakenID(call: call, path: path).explaining(
                upsert.sent.id(type.standard.id.descriptor), in: engine
            ) {
                try await engine.replaying(
                    stored, context, response, type: type, path: path,
                    requireRights: { try upsert.requireRights(call, toCreate: $0.bool(created)) }
                ) {
                    try await write(upsert, preparation, under: stored)
                }
            }
        } catch let refusal as RightMissing {
            throw refusal.error
        }
    }

    private func upsert(_ request: Message, _ call: RecordCall) throws -> Upsert {
        let type = call.type
        guard let sent = try request.message(sent).map({ try type.taken($0, "\(sent.name).") }) else {
            throw RecordErrors.invalid(
                .recordMissing, "Send the \(type.object) with its \(key.name).", field: self.sent.name)
        }
        let match = try matched(request.string(matchField) ?? key.name)
        try call.rights.requireReadable(match)
        let names = try request.mask(updateMask, of: type)
        let mask = try UpdateMask(names, sent: sent, type: type).fields
        // Whoever is found has the value that is looked for.
        let fields = names.isEmpty ? mask.filter { $0.index != match.index } : mask
        match.normalizeTexts(in: sent, call.forms)
        guard sent.has(match.descriptor) else {
            throw RPCError.invalidArgument(
                "REQUIRED", "\(match.name) must be set: it tells which \(type.object) is meant.",
                field: "\(self.sent.name).\(match.name)", domain: RecordErrors.domain)
        }
        return Upsert(sent: sent, match: match, fields: fields)
    }

    private func matched(_ name: String) throws -> RecordField {
        guard let field = type.field(name) else {
            throw RecordErrors.invalid(
                .fieldUnknown, "\(type.object) has no field \(name.quoted).", field: matchField.name)
        }
        guard field.rules.unique != nil else {
            let names = type.fields.filter { $0.rules.unique != nil }.map(\.name)
            throw RecordErrors.invalid(
                .fieldNotUnique,
                "Several records may have the same \(name); match by \(names.joined(separator: " or ")).",
                field: matchField.name)
        }
        return field
    }

    private func write(
        _ upsert: Upsert, _ preparation: ChangePreparation, under stored: StoredAnswer?
    ) async throws -> [UInt8] {
        let call = preparation.call
        let draft = RecordChange(.create, call, before: nil, after: upsert.sent)
        let known = try await preparation.checkRemoteReferences(draft)
        var attempt = 1
        while true {
            do {
                return try await engine.commit(call.context, call: call, under: stored, knowing: known) { transaction in
                    try await write(upsert, preparation, in: transaction)
                }
            } catch let error as PostgresError
                where error.constraint == upsert.match.rules.unique?.constraint && attempt < Self.attemptsMax
            {
                attempt += 1
            }
        }
    }

    private func write(
        _ upsert: Upsert, _ preparation: ChangePreparation, in transaction: RecordTransaction
    ) async throws -> [UInt8] {
        let call = preparation.call
        let answer = Message.make(response, in: call.context.arena)
        let found = try await transaction.load(type, with: upsert.match, of: upsert.sent)
        try upsert.requireRights(call, toCreate: found == nil)
        let stored: Message
        if let found {
            try found.require(.update)
            let edit = try Edit(id: found.id.text, sent: upsert.sent, fields: upsert.fields).checked(
                call, preparation.path)
            let intent = Intent(id: found.id, kind: .edit(edit))
            stored = try await transaction.write(
                intent.change(of: found, preparation, in: transaction), preparation)
        } else {
            let change = try preparation.creation(from: upsert.sent, by: .caller)
            try preparation.requireScope(change)
            stored = try await transaction.write(change, preparation)
        }
        answer.setMessage(record, call.present(stored))
        answer.setBool(created, found == nil)
        return WireCodec.encode(answer)
    }
}

/// The caller lacks the right to do what the record that was found, or not found, asks for. The request may have been done before all the
/// same, when the record was not there yet.
private struct RightMissing: Error {
    let error: RPCError
}

/// What an upsert asks for.
// SAFETY: belongs to one call, whose task runs on one loop.
private struct Upsert: @unchecked Sendable {
    let sent: Message
    /// By what the record is found.
    let match: RecordField
    /// What is changed when it is there.
    let fields: [RecordField]

    func requireRights(_ call: RecordCall, toCreate isNew: Bool) throws {
        do {
            try call.require(isNew ? .create : .update)
        } catch let error as RPCError {
            throw RightMissing(error: error)
        }
    }
}
