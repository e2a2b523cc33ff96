import AccessControl
import RPC
import Tenancy
import Wire

/// What a caller wants of a record that is there: an edit, its deletion or its return. Asked for by one method alone or by each item of a batch.
// SAFETY: belongs to one call, whose task runs on one loop.
struct Intent: @unchecked Sendable {
    enum Kind {
        case edit(Edit)
        /// Refused when the record has another version; nil is any.
        case deletion(version: Int64?)
        case restoration
    }

    let id: RecordID
    let kind: Kind

    /// The right that it needs.
    var action: Action {
        switch kind {
        case .edit: .update
        case .deletion, .restoration: .delete
        }
    }

    /// Of which records it can be wanted.
    var lifetime: Lifetime {
        switch kind {
        case .edit, .deletion: .living
        case .restoration: .any
        }
    }

    /// What it comes to before the record is known: a change that holds the edited fields and nothing else, so that the references among
    /// them can be asked for. What the record refers to now is not known yet, so that one that it has already is among them.
    func draft(_ call: RecordCall) -> RecordChange {
        let arena = call.context.arena
        let after =
            if case .edit(let edit) = kind { edit.only(in: arena) } else { Message.make(call.type.message, in: arena) }
        after.setID(call.type.standard.id.descriptor, id)
        return RecordChange(.update, call, before: nil, after: after)
    }

    /// The change of the record as it is, with the edits of others merged.
    func change(
        of record: LoadedRecord, _ preparation: ChangePreparation, in transaction: RecordTransaction
    ) async throws -> RecordChange {
        let type = record.type
        switch kind {
        case .edit(let edit):
            let merge = EditMerge(type: type, transaction: transaction, path: preparation.path)
            let base = try await merge.check(edit, against: record.message, record.call)
            let after = record.message.copy()
            after.copyFields(from: edit.sent, only: edit.fields.map(\.descriptor))
            after.copyFields(from: edit.sent, only: edit.fields.compactMap(\.typed).filter(edit.sent.has))
            try edit.applyTags(to: after, current: record.message, base: base, preparation)
            return try preparation.edit(of: record.message, to: after, naming: edit.fields, by: .caller)
        case .deletion(let version):
            let current = record.message.int64(type.standard.version.descriptor)
            if let version, version != current { throw RecordErrors.versionConflict(type, current: current) }
            return record.deletion()
        case .restoration:
            guard record.message.has(type.standard.deleteTime.descriptor) else {
                throw RecordErrors.notDeleted(type)
            }
            return record.restoration()
        }
    }
}

/// What an edit asks for.
struct Edit {
    let id: String
    let sent: Message
    let fields: [RecordField]
    /// Tags that it gives and takes away, where it does not say which ones there shall be.
    var tags: TagEdit?

    /// The record that holds the edited fields and nothing else.
    func only(in arena: Arena) -> Message {
        let record = Message.make(sent.descriptor, in: arena)
        record.copyFields(from: sent, only: fields.map(\.descriptor))
        return record
    }
}
