import AccessControl
import Postgres
import RPC
package import Tenancy
package import Wire

/// What is to be taken back is not there any more: somebody changed these fields of the record since.
package struct ChangedSince: Error {
    package let fields: [String]
}

extension RecordTransaction {
    /// Takes back what a change of the past made of a record, as Undo of one change does it, with the rights and rules of an edit or a deletion: as long
    /// as the record has what the change gave it, or has already what it had before.
    ///
    /// - Returns: the record as it was and as it is now; the latter is nil for one that is deleted. Nil when it had been deleted, and that is what was to be done.
    /// - Throws: `ChangedSince`; NOT_FOUND when the record is gone; INVALID_ARGUMENT with VERSION_UNKNOWN when no such change is kept.
    package func takeBack(
        _ type: RecordType, _ id: RecordID, version: Int64
    ) async throws -> (before: Message, after: Message?)? {
        let call = try await call(type)
        var parameters = Parameters()
        parameters.append(type.object)
        parameters.append(id)
        parameters.append(version)
        guard let row = try await query(Self.pastChange, parameters).first else {
            throw RecordErrors.invalid(
                .versionUnknown, "The \(type.object) has no change with the version \(version) that is kept.",
                field: "version")
        }
        let change = try PastChange(
            of: id, version: version, before: row.isNull(0) ? nil : row.json(0), after: row.json(1), call)
        let intent = try change.reversal(call)
        // Nothing of it is to be seen.
        if try await isDeleted(type, id) { return nil }
        let record = try await load(type, id: id.text, for: intent.action, lifetime: intent.lifetime)
        let changed = change.fieldsChangedSince(in: record.message)
        guard changed.isEmpty else { throw ChangedSince(fields: changed) }
        guard case .edit(let edit) = intent.kind else {
            try await delete(record)
            return (record.message, nil)
        }
        let after = try await update(record, by: .caller) {
            $0.copyFields(from: edit.sent, only: edit.fields.map(\.descriptor))
        }
        return (record.message, after)
    }

    /// Loads a deleted record, locked, that the caller may bring back; nil when there is none.
    package func loadDeleted(_ type: RecordType, _ id: RecordID) async throws -> LoadedRecord? {
        guard try await isDeleted(type, id) else { return nil }
        return try await load(type, id: id.text, for: .delete, lifetime: .any)
    }

    private func isDeleted(_ type: RecordType, _ id: RecordID) async throws -> Bool {
        var parameters = Parameters()
        parameters.append(id)
        let standard = type.standard
        let text =
            "SELECT \(standard.deleteTime.column) IS NOT NULL FROM \(type.source) WHERE \(standard.id.column) = $1 FOR UPDATE"
        return try await query(engine.statement(text), parameters).first?.bool(0) ?? false
    }

    private static let pastChange = Statement(
        """
        SELECT before, after FROM {schema}.ledger WHERE object = $1 AND record_id = $2 AND record_version = $3
        """)
}
