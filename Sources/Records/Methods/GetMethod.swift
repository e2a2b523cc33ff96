import AccessControl
import Postgres
package import RPC
import Tenancy
import TenantDatabase
package import Wire

/// Gives one record. One round trip.
struct GetMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let id, readMask, showDeleted: FieldDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        id = try shape.request("id")
        readMask = try shape.request("read_mask", repeated: true)
        showDeleted = try shape.request("show_deleted")
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .read)
        let id = try RecordEngine.id(request.string(id), field: "id")
        let mask = try ReadMask(request.mask(readMask, of: call.type), of: call.type)
        let lifetime: Lifetime = request.has(showDeleted) && request.bool(showDeleted) ? .any : .living
        let row = try await engine.row(id, call, lifetime)
        let writer = RecordWriter(call, mask, count: 1)
        try writer.write(row, as: record)
        return writer.bytes
    }
}

extension RecordEngine {
    /// The row of a record that the caller may read. Throws NOT_FOUND when there is none.
    func row(_ id: RecordID, _ call: RecordCall, _ lifetime: Lifetime) async throws -> Row {
        let type = call.type
        var parameters = Parameters(reservingBytes: 64)
        parameters.append(id)
        let statement = type.lookups.get.statement(lifetime, call, .read, &parameters)
        do {
            let rows = try await database.read(
                call.actor, at: place(of: call), deadline: call.deadline, statement, parameters)
            guard let row = rows.first else { throw RecordErrors.notFound(type, id: id.text) }
            return row
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }

    /// A record as the caller may see it. Authorises; throws NOT_FOUND when there is none that the caller may read.
    package func get(_ context: CallContext, _ type: RecordType, id text: String?) async throws -> Message {
        let call = try await authorise(context, type, .read)
        let id = try RecordEngine.id(text, field: "id")
        let record = try call.type.record(try await row(id, call, .living), in: context.arena)
        call.rights.filter(record)
        return call.type.told(record)
    }
}
