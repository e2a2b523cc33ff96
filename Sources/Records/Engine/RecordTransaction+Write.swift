import AccessControl
import RPC
import Tenancy
package import Wire

// The one way of a change into the database, whoever makes it: a standard method, a batch, a custom method, a rule.
//
// rights → fill → validate (ChangePreparation) → references → guard → validate what the guard set → rules of the workspace → scope of a new owner → values that are
// unique → store, with the ledger row → follow; after COMMIT publish, for every change (RecordEngine+Write.swift).

// What methods and rules ask for.
extension RecordTransaction {
    /// Creates a record. Needs the right to create.
    ///
    /// - Parameter author: whose wish the values are. What a program sets, the caller need not be allowed to write.
    @discardableResult
    package func insert(
        _ type: RecordType, _ value: some WireMessage, by author: ChangeAuthor
    ) async throws -> Message {
        let call = try await call(type)
        try call.require(.create)
        let preparation = ChangePreparation(engine: engine, call: call, path: "")
        return try await write(
            try preparation.creation(from: value.message(in: context.arena), by: author, cause: causes.last),
            preparation)
    }

    /// Stores a changed record: the columns that differ, the next version, and a ledger row. Answers the record as stored.
    ///
    /// Custom fields that the value does not have stay as they are.
    ///
    /// - Parameter holdsReferences: this transaction has found the records that the new values refer to, holds them, and
    ///   has asked for the right to read them, so that they are not looked for again.
    @discardableResult
    package func update(
        _ record: LoadedRecord, to value: some WireMessage, by author: ChangeAuthor, holdsReferences: Bool = false
    ) async throws -> Message {
        let type = record.type
        let sent = try type.taken(value.message(in: context.arena), "")
        let after = record.message.copy()
        after.copyFields(from: sent, only: after.descriptor.base.fields)
        after.copyFields(from: sent, only: type.customFields.map(\.descriptor).filter(sent.has))
        return try await edit(record, to: after, by: author, holdsReferences: holdsReferences)
    }

    /// Stores a record that `change` changed.
    @discardableResult
    package func update(
        _ record: LoadedRecord, by author: ChangeAuthor, _ change: (Message) throws -> Void
    ) async throws -> Message {
        let after = record.message.copy()
        try change(after)
        return try await edit(record, to: after, by: author)
    }

    /// Deletes a record so that it can be restored. Needs the right to delete, as restoring does.
    @discardableResult
    package func delete(_ record: LoadedRecord) async throws -> Message {
        try record.require(.delete)
        return try await write(record.deletion(cause: causes.last))
    }

    /// Brings a deleted record back, changed by `change`.
    @discardableResult
    package func restore(
        _ record: LoadedRecord, _ change: (Message) throws -> Void = { _ in }
    ) async throws -> Message {
        try record.require(.delete)
        let restoration = record.restoration(cause: causes.last)
        try change(restoration.after)
        return try await write(restoration)
    }

    private func edit(
        _ record: LoadedRecord, to after: Message, by author: ChangeAuthor, holdsReferences: Bool = false
    ) async throws -> Message {
        try record.require(.update)
        let preparation = ChangePreparation(engine: engine, call: record.call, path: "")
        let change = try preparation.edit(of: record.message, to: after, by: author, cause: causes.last)
        return try await write(change, preparation, holdsReferences: holdsReferences)
    }

    private func write(_ change: RecordChange) async throws -> Message {
        try await write(change, ChangePreparation(engine: engine, call: change.call, path: ""))
    }
}

// The steps.
extension RecordTransaction {
    /// Takes a prepared change through all steps inside the transaction. A change of nothing is no change. Answers the record as stored.
    @discardableResult
    func write(
        _ change: RecordChange, _ preparation: ChangePreparation, holdsReferences: Bool = false
    ) async throws -> Message {
        guard change.kind == .create || !change.changedFields.isEmpty else { return change.after }
        if !holdsReferences { try await preparation.checkReferences(change, in: self) }
        try await admit(change, preparation)
        try await markSelections(of: [change])
        try await UniqueClaims(change.call, in: self)?.take(change, path: preparation.path)
        try store(change)
        try await follow(change)
        await step()
        return change.after
    }

    /// Asks the rules that may refuse. A guard names the fields of its record; where that stands in the request is put before them.
    func admit(_ change: RecordChange, _ preparation: ChangePreparation) async throws {
        let isSet: Bool
        do {
            isSet = try await guardSets(change)
        } catch let error as RPCError {
            throw error.placingFields(under: preparation.path)
        }
        try revalidate(change, preparation, guardSets: isSet)
        if change.kind == .restore { try preparation.requireIndexable(change) }
        try WorkspaceRule.require(change, path: preparation.path)
        try preparation.requireScope(change)
    }

    /// Runs the guard; says whether it set or cleared a field.
    private func guardSets(_ change: RecordChange) async throws -> Bool {
        guard let rule = change.type.rules.guard else { return false }
        let before = change.after.ownBytes
        try await causing(change) { try await rule(change, self) }
        return change.after.ownBytes != before
    }

    /// What follows from a change that has been stored.
    func follow(_ change: RecordChange) async throws {
        guard let rule = change.type.rules.follow else { return }
        try await causing(change) { try await rule(change, self) }
    }

    /// What the guard set is validated as what came in; so is what comes back otherwise than it went.
    private func revalidate(_ change: RecordChange, _ preparation: ChangePreparation, guardSets isSet: Bool) throws {
        switch change.kind {
        case .create where isSet: try preparation.validate(change, fields: change.type.fields)
        case .update where isSet: try preparation.validate(change, fields: change.changedFields)
        case .restore:
            let fields = change.changedFields.filter { $0.role != .deleteTime }
            if !fields.isEmpty { try preparation.validate(change, fields: fields) }
        case .create, .update, .delete: return
        }
    }

    /// Whatever `body` writes is caused by the change.
    private func causing(_ change: RecordChange, _ body: () async throws -> Void) async throws {
        causes.append(change)
        defer { causes.removeLast() }
        try await body()
    }

    /// Sends the record and its ledger row with the next round trip.
    private func store(_ change: RecordChange) throws {
        let type = change.type
        guard let before = change.before else {
            try enqueue(WriteStatements.insert(change.after, of: type, isIDFree: !change.hasChosenID))
            return try tell(change, change.changedFields)
        }
        let standard = type.standard
        let fields = change.changedFields.filter { $0.role != .version && $0.role != .updateTime }
        change.after.setInt64(standard.version.descriptor, before.int64(standard.version.descriptor) + 1)
        change.after.set(standard.updateTime.name, change.call.now)
        try enqueue(
            WriteStatements(engine: engine).update(change, fields: fields + [standard.version, standard.updateTime]))
        try tell(change, fields)
    }

    private func tell(_ change: RecordChange, _ fields: [RecordField]) throws {
        try enqueue(LedgerRow(change, fields: fields).insertion(ledgerOrigin))
        note(change)
    }

    /// How much was written here, so that it can be told whether a rule wrote anything.
    var effectCount: Int { changes.count + statementCount }

    /// What the ledger rows of this transaction share.
    var ledgerOrigin: LedgerRow.Origin { LedgerRow.Origin(time: now, by: author ?? actor.actor, context) }
}
