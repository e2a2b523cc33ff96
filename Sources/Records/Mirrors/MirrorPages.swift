import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// Reads records as another service is told of them: the fields that it wants, whatever their owners and the deleted ones, too.
struct MirrorPages: Sendable {
    /// Records that are told at once.
    static let pageSize = 200

    let engine: RecordEngine
    let type: RecordType
    let program: TenantActor
    let deadline: Deadline
    /// The fields that the mirror wants.
    let wanted: Set<String>
    /// Those of them that there are, in the order of the type.
    let fields: [RecordField]

    init(_ engine: RecordEngine, _ type: RecordType, _ program: TenantActor, wanted: [String], deadline: Deadline) {
        (self.engine, self.type, self.program, self.deadline) = (engine, type, program, deadline)
        self.wanted = Set(wanted)
        let wanted = self.wanted
        fields = type.fields.filter { field in
            field.role != .customFields && (field.role != nil || wanted.contains(field.name))
        }
    }

    /// Records with their ids, encoded.
    typealias Page = [(id: RecordID, bytes: [UInt8])]

    /// Those of these that there are.
    func records(_ ids: [RecordID]) async throws -> Page {
        var parameters = Parameters()
        parameters.append(ids)
        return try await read("\(type.standard.id.column) = ANY ($1)", parameters)
    }

    /// The next ones in the order of their ids.
    func records(after id: RecordID) async throws -> Page {
        var parameters = Parameters()
        parameters.append(id)
        let column = type.standard.id.column
        return try await read("\(column) > $1 ORDER BY \(column) LIMIT \(Self.pageSize)", parameters)
    }

    private func read(_ condition: String, _ parameters: Parameters) async throws -> Page {
        let columns = fields.flatMap(\.columns).joined(separator: ", ")
        let statement = engine.statement("SELECT \(columns) FROM \(type.source) WHERE \(condition)")
        let rows: Rows
        do {
            rows = try await engine.database.read(program, deadline: deadline.nanoseconds, statement, parameters)
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
        var pace = Pace()
        return try await pace.map(rows) { row in
            let record = Message.make(type.message, in: Arena())
            var column = 0
            for field in fields {
                try field.read(row, column, into: record)
                column += field.columns.count
            }
            guard let id = record.id(type.standard.id.descriptor) else {
                throw PostgresError(.other, "a record has no id")
            }
            return (id, WireCodec.encode(record))
        }
    }
}
