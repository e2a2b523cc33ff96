import AccessControl
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// Gives records by id, in the order asked for. One round trip.
struct BatchGetMethod {
    static let idCountMax = 1000

    private let engine: RecordEngine
    private let type: RecordType
    private let ids, readMask: FieldDescriptor
    private let response: MessageDescriptor
    private let records, missing: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        ids = try shape.request("ids", repeated: true)
        readMask = try shape.request("read_mask", repeated: true)
        response = shape.method.response
        records = try shape.responseRecord(repeated: true)
        missing = try shape.response("missing_ids", repeated: true)
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> Message {
        let call = try await engine.authorise(context, type, .read)
        let wanted = try wantedIDs(request)
        let mask = try ReadMask(request.strings(readMask), of: type)
        let found = try await find(wanted, call)
        let answer = Message.make(response, in: context.arena)
        answer.setMessages(records, wanted.compactMap { found[$0] })
        answer.setStrings(missing, wanted.filter { found[$0] == nil }.map(\.text))
        for record in found.values {
            call.rights.filter(record)
            mask.filter(record)
        }
        return answer
    }

    private func wantedIDs(_ request: Message) throws -> [RecordID] {
        let count = request.count(ids)
        guard (1...BatchGetMethod.idCountMax).contains(count) else {
            throw RecordErrors.invalid(
                .batchSizeInvalid, "There are \(count) ids; send 1 to \(BatchGetMethod.idCountMax).",
                field: "ids")
        }
        return try request.strings(ids).enumerated().map { try RecordEngine.id($1, field: "ids[\($0)]") }
    }

    private func find(_ ids: [RecordID], _ call: RecordCall) async throws -> [RecordID: Message] {
        var parameters = Parameters()
        parameters.append(Array(Set(ids)))
        let column = type.standard.id.column
        var text = "SELECT \(type.columnList) FROM \(type.qualifiedTable) WHERE \(column) = ANY ($1)"
        if let living = Lifetime.living.condition(type) { text += " AND \(living)" }
        if let scope = call.predicate(.read).condition(type, &parameters) { text += " AND \(scope)" }
        do {
            let rows = try await engine.database.read(
                call.caller, deadline: call.deadline, engine.statement(text), parameters)
            let place = type.standard.id.firstColumn
            return Dictionary(
                try rows.map { (try $0.id(place), try type.record($0, in: call.context.arena)) },
                uniquingKeysWith: { first, _ in first })
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }
}
