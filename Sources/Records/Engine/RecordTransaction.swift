package import AccessControl
package import Postgres
package import RPC
package import Tenancy
package import Wire

/// A transaction of a custom method or hook: authorised loads, writes with their ledger rows, and SQL of one's own, all
/// in the caller's tenant.
// SAFETY: belongs to one call, whose task runs on one loop.
package final class RecordTransaction: @unchecked Sendable {
    package let context: CallContext
    package let caller: Caller
    let engine: RecordEngine
    private let sql: PostgresTransaction
    /// The moment that everything written here bears.
    package let now: Timestamp
    private var calls: [String: RecordCall] = [:]
    /// What was written, in order.
    private(set) var changes: [RecordChange] = []

    init(_ engine: RecordEngine, _ context: CallContext, _ sql: PostgresTransaction, call: RecordCall? = nil)
        throws
    {
        caller = try context.requireTenantCaller()
        self.engine = engine
        self.context = context
        self.sql = sql
        now = call?.now ?? .now()
        if let call { calls[call.type.object] = call }
    }

    /// The caller's rights on a record type, found once for each type.
    package func call(_ type: RecordType) async throws -> RecordCall {
        if let call = calls[type.object] { return call }
        let call: RecordCall
        if let other = calls.values.first {
            call = try other.with(type)
        } else {
            call = try await engine.open(context, type, writes: true, now: now)
        }
        calls[type.object] = call
        return call
    }

    /// Runs a statement of one's own in the tenant's schema.
    package func query(_ statement: Statement, _ parameters: Parameters = Parameters()) async throws -> Rows {
        try await sql.query(statement, parameters)
    }

    /// Sends a statement of one's own with the next round trip; its rows are thrown away.
    package func enqueue(_ statement: Statement, _ parameters: Parameters) throws {
        try sql.enqueue(statement, parameters)
    }

    /// Loads and locks a record that the caller may do the action with.
    ///
    /// - Parameters:
    ///   - version: when given, the version that the record must have.
    /// - Throws: INVALID_ARGUMENT for no id; NOT_FOUND when there is none that the caller may read; PERMISSION_DENIED
    ///   when it may be read only; ABORTED when it has another version.
    package func load(
        _ type: RecordType, id text: String?, for action: Action, version: Int64? = nil
    ) async throws -> LoadedRecord {
        let record = try await load(type, id: text, for: action, lifetime: .living)
        let current = record.message.int64(type.standard.version.descriptor)
        if let version, version != current { throw RecordErrors.versionConflict(type, current: current) }
        return record
    }

    func load(
        _ type: RecordType, id text: String?, for action: Action, lifetime: Lifetime
    ) async throws -> LoadedRecord {
        let call = try await call(type)
        try call.require(action)
        let id = try RecordEngine.id(text, field: type.standard.id.name)
        var parameters = Parameters()
        parameters.append(id)
        let statement = type.lookups.lock.statement(lifetime, call.predicate(.read), of: type, &parameters)
        let rows = try await sql.query(statement, parameters)
        guard let row = rows.first else { throw RecordErrors.notFound(type, id: id.text) }
        let record = LoadedRecord(call: call, message: try type.record(row, in: context.arena))
        guard call.predicate(action).admits(owner: record.owner, unit: record.department) else {
            throw RecordErrors.outOfScope(action, type)
        }
        return record
    }

    /// Stores a changed record: the columns that differ, the next version, and a ledger row. Fields are checked by
    /// their rules, references within the service included; the `beforeWrite` hook is not run, and other services are not
    /// asked, since a transaction must not wait for them. Answers the record as stored.
    ///
    /// - Parameter holdsReferences: this transaction has found the records that the new values refer to, holds them, and
    ///   has asked for the right to read them, so that they are not looked for again.
    @discardableResult
    package func update(
        _ record: LoadedRecord, to value: some WireMessage, holdsReferences: Bool = false
    ) async throws -> Message {
        let after = Message.make(record.type.message, in: context.arena)
        value.write(to: after)
        return try await store(
            RecordChange(.update, record.call, before: record.message, after: after), holdsReferences: holdsReferences)
    }

    /// Stores a record that `edit` changed.
    @discardableResult
    package func update(_ record: LoadedRecord, _ edit: (Message) throws -> Void) async throws -> Message {
        let after = record.message.copy()
        try edit(after)
        return try await store(RecordChange(.update, record.call, before: record.message, after: after))
    }

    /// Creates a record with defaults and checks, as the standard method does, except for field rights and the
    /// `beforeWrite` hook: what a program sets, the caller need not be allowed to write. Needs the right to create.
    @discardableResult
    package func insert(_ type: RecordType, _ value: some WireMessage) async throws -> Message {
        let call = try await call(type)
        try call.require(.create)
        let preparation = ChangePreparation(engine: engine, call: call, path: "")
        let change = try preparation.newRecord(from: value.message(in: context.arena))
        try preparation.validate(change, fields: type.fields)
        try await preparation.checkReferences([change], in: self)
        return try store(creation: change)
    }

    /// Deletes a record so that it can be restored.
    @discardableResult
    package func delete(_ record: LoadedRecord) async throws -> Message {
        let after = record.message.copy()
        after.set(record.type.standard.deleteTime.name, record.call.now)
        return try await store(RecordChange(.delete, record.call, before: record.message, after: after))
    }

    /// A record that was loaded or written here, as the caller may see it. The record itself stays as it is.
    package func present(_ record: Message) -> Message {
        guard let call = calls.values.first(where: { $0.type.message == record.descriptor }) else {
            preconditionFailure("no \(record.descriptor) was loaded or written in this transaction")
        }
        return call.present(record)
    }

    /// The same as a generated value.
    package func present<Value: WireMessage>(_ record: Message, as value: Value.Type) -> Value {
        present(record).value(value)
    }

    private func store(_ change: RecordChange, holdsReferences: Bool = false) async throws -> Message {
        let preparation = ChangePreparation(engine: engine, call: change.call, path: "")
        for field in change.changedFields { field.normalizeTexts(in: change.after) }
        let changed = change.changedFields
        if change.kind == .update {
            try preparation.validate(change, fields: changed)
            if !holdsReferences { try await preparation.checkReferences([change], in: self) }
        }
        return try store(change, changed: changed)
    }

    /// Sends an INSERT and its ledger row with the next round trip.
    func store(creation change: RecordChange) throws -> Message {
        let write = WriteStatements(engine: engine)
        let (insert, insertParameters) = write.insert(change)
        let (ledger, ledgerParameters) = write.ledger(change, fields: change.changedFields)
        try sql.enqueue(insert, insertParameters)
        try sql.enqueue(ledger, ledgerParameters)
        changes.append(change)
        return change.after
    }

    /// Sends an UPDATE and its ledger row with the next round trip. A change of nothing is no change.
    func store(_ change: RecordChange, changed: [RecordField]) throws -> Message {
        guard let before = change.before, !changed.isEmpty else { return change.after }
        let standard = change.type.standard
        change.after.setInt64(standard.version.descriptor, before.int64(standard.version.descriptor) + 1)
        change.after.set(standard.updateTime.name, change.call.now)
        let fields = changed.filter { $0.role != .version && $0.role != .updateTime }
        let write = WriteStatements(engine: engine)
        let (update, parameters) = write.update(
            change, fields: fields + [standard.version, standard.updateTime])
        let (ledger, ledgerParameters) = write.ledger(change, fields: fields)
        try sql.enqueue(update, parameters)
        try sql.enqueue(ledger, ledgerParameters)
        changes.append(change)
        return change.after
    }

    /// Sends the stored answer with COMMIT. Throws RESOURCE_EXHAUSTED for an answer that the caller could not get, which
    /// rolls back.
    func store(_ answer: [UInt8], under stored: StoredAnswer?) throws {
        try MessageLimits.check(answer)
        guard let stored else { return }
        for (statement, parameters) in stored.statements(answer, by: caller, at: now) {
            try sql.enqueue(statement, parameters)
        }
    }
}

/// A record that was loaded and locked in a transaction.
// SAFETY: belongs to one call, whose task runs on one loop.
package struct LoadedRecord: @unchecked Sendable {
    package let call: RecordCall
    /// As stored; not filtered, and not to be changed.
    package let message: Message

    package var type: RecordType { call.type }

    /// As a generated value, not filtered.
    package func value<Value: WireMessage>(_ type: Value.Type) -> Value { message.value(type) }

    var owner: RecordID? { type.standard.owner.flatMap { message.id($0.descriptor) } }

    var department: RecordID? { type.standard.department.flatMap { message.id($0.descriptor) } }
}

extension Message {
    /// A message of its own that shares the values; setting a field of one leaves the other alone.
    func copy() -> Message {
        let copy = Message.make(descriptor, in: arena)
        copy.copyFields(from: self, only: descriptor.fields)
        return copy
    }
}

extension RecordCall {
    /// A record as the caller may see it. The record itself stays as it is.
    package func present(_ record: Message) -> Message {
        guard access.restrictsFields else { return record }
        // Masking changes nested messages, which a shallow copy shares.
        let copy = record.deepCopy()
        rights.filter(copy)
        return copy
    }
}

extension Message {
    /// A message that shares nothing.
    func deepCopy() -> Message {
        let bytes = WireCodec.encode(self)
        let copy = bytes.withUnsafeBytes { buffer in
            try? WireCodec.decode(buffer, as: descriptor, arena: arena)
        }
        guard let copy else { preconditionFailure("what was encoded can be decoded") }
        return copy
    }
}
