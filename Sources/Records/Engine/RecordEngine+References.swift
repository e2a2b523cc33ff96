import AccessControl
import Postgres
package import RPC
import Tenancy
import TenantDatabase

extension RecordEngine {
    /// Most references in one call.
    package static let referenceCountMax = 1000

    /// Tells which records of this service exist, live and may be read by the caller: what other services ask before
    /// they store a reference. One answer for each, in order; a kind of records that is not kept here is answered no.
    package func checkReferences(_ context: CallContext, _ references: [RecordReference]) async throws
        -> [Bool]
    {
        try checkReferenceCount(references.count)
        var found: [String: Set<RecordID>] = [:]
        for (object, group) in Dictionary(grouping: references, by: \.object) {
            guard let type = type(object) else { continue }
            let call = try await open(context, type, writes: false)
            found[object] = try await existing(Array(Set(group.map(\.id))), call)
        }
        return references.map { found[$0.object]?.contains($0.id) == true }
    }

    /// Throws INVALID_ARGUMENT with BATCH_SIZE_INVALID.
    func checkReferenceCount(_ count: Int) throws {
        guard !(1...RecordEngine.referenceCountMax).contains(count) else { return }
        throw RecordErrors.invalid(
            .batchSizeInvalid, "There are \(count) references; send 1 to \(RecordEngine.referenceCountMax).",
            field: "references")
    }

    /// Those of the records that live and that the caller may read (or do something else with); locked against deletion inside
    /// a transaction.
    func existing(
        _ ids: [RecordID], _ call: RecordCall, _ action: Action = .read, _ lifetime: Lifetime = .living,
        locking transaction: RecordTransaction? = nil
    ) async throws -> Set<RecordID> {
        let type = call.type
        let forms = transaction == nil ? type.lookups.existing : type.lookups.existingShared
        var parameters = Parameters()
        parameters.append(ids)
        let statement = forms.statement(lifetime, call, action, &parameters)
        do {
            let rows =
                if let transaction {
                    try await transaction.query(statement, parameters)
                } else {
                    try await database.read(
                        call.actor, at: place(of: call), deadline: call.deadline, statement, parameters)
                }
            return Set(try rows.map { try $0.id(0) })
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    /// Reads an id; throws INVALID_ARGUMENT that names the field.
    static func id(_ text: String?, field: String) throws -> RecordID {
        if let id = text.flatMap({ RecordID($0) }) { return id }
        throw RecordErrors.invalid(
            .idInvalid, "\(field) must be an id: a UUID of 36 characters with hyphens.", field: field)
    }
}
