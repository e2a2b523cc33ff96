import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Tells why an id cannot be used: a record has it. A caller who may read that record learns when it was deleted, since
/// it can be restored; one who may not learns nothing of it.
struct TakenID {
    let call: RecordCall
    /// Put before the names of fields in errors, as in `account.`.
    let path: String

    /// The statement that `refusal` wants the rows of.
    func lookup(_ id: RecordID) -> Query {
        var parameters = Parameters()
        parameters.append(id)
        let statement = call.type.lookups.get.statement(.any, call, .read, &parameters)
        return Query(statement, parameters)
    }

    func refusal(_ id: RecordID, _ rows: Rows) throws -> RPCError {
        let type = call.type
        let field = type.standard.id
        guard let row = rows.first else { return DatabaseErrors.taken(field.name, type, path) }
        let record = try type.record(row, in: call.context.arena)
        return record.has(type.standard.deleteTime.descriptor)
            ? RecordErrors.deleted(type, id, field: path + field.name)
            : DatabaseErrors.taken(field.name, type, path)
    }

    /// Runs a creation with this id; when it is taken, says why.
    func explaining(_ id: RecordID?, in engine: RecordEngine, _ create: () async throws -> [UInt8]) async throws
        -> [UInt8]
    {
        do {
            return try await create()
        } catch let error as RPCError where error.reason == RecordReason.idTaken.rawValue {
            guard let id else { throw error }
            throw try refusal(id, try await engine.read(call.context, lookup(id)))
        }
    }
}
