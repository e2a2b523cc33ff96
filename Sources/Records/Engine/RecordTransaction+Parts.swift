import AccessControl
import Postgres
import RPC
package import Tenancy

// Records that are part of another: they are deleted with it and come back with it.
extension RecordTransaction {
    /// Most records that go or come back with one record. Each is an UPDATE and a ledger row of the same transaction.
    package static let partCountMax = 1000

    /// The records of a type whose `field` names the whole, locked, whatever the caller may do with them: what a part
    /// does, the whole decides.
    ///
    /// - Parameter deletedAt: nil for the living; a moment for those that were deleted at it, that is, with the whole.
    /// - Throws: FAILED_PRECONDITION with PARTS_TOO_MANY.
    package func parts(
        _ type: RecordType, of whole: RecordID, by field: String, deletedAt: Timestamp? = nil
    ) async throws -> [LoadedRecord] {
        guard let reference = type.field(field) else { preconditionFailure("\(type.object) has no field \(field)") }
        let call = try await call(type)
        let deletion = type.standard.deleteTime.column
        var parameters = Parameters()
        parameters.append(whole)
        parameters.append(Int64(RecordTransaction.partCountMax + 1))
        if let deletedAt { parameters.append(deletedAt) }
        let text =
            "SELECT \(LoadedRecord.columns(type.columnList)) FROM \(type.source) WHERE \(reference.column) = $1 "
            + "AND \(deletion) \(deletedAt == nil ? "IS NULL" : "= $3") "
            + "ORDER BY \(type.standard.id.column) LIMIT $2 FOR UPDATE"
        let rows = try await query(engine.statement(text), parameters)
        guard rows.count <= RecordTransaction.partCountMax else { throw RecordErrors.partsTooMany(type) }
        return try await map(rows) {
            try LoadedRecord($0, call, .part, in: context.arena)
        }
    }

    /// Those of the records that live, kept as they are until the transaction ends, whatever the caller may read.
    package func living(_ type: RecordType, _ ids: [RecordID]) async throws -> Set<RecordID> {
        var parameters = Parameters()
        parameters.append(ids)
        let statement = type.lookups.existingShared.statement(.living, .all, of: type, &parameters)
        return Set(try await query(statement, parameters).map { try $0.id(0) })
    }

    /// Throws FAILED_PRECONDITION with REFERENCE_DELETED when a record that `field` of a changed one names does not live. It
    /// tells the id only to a caller who may read the field.
    package func requireLiving(_ type: RecordType, namedBy field: String, of change: RecordChange) async throws {
        let ids = change.type.field(field)?.ids(in: change.after) ?? []
        guard !ids.isEmpty else { return }
        let living = try await living(type, ids)
        guard let gone = ids.first(where: { !living.contains($0) }) else { return }
        throw RecordErrors.referenceDeleted(type, change.call.rights.mayRead(field) ? gone : nil, field: field)
    }
}
