import AccessControl
import Postgres
import RPC
import Reactor
import Tenancy
import TenantDatabase
import Wire

/// Gives records by id, each once, in the order asked for. One round trip, or several for so many that their rows could be too much at once.
struct BatchGetMethod {
    static let idCountMax = 1000
    static let rowCost = RowCost(countIncluded: 50, countPerUnit: 16)

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

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        let call = try await engine.authorise(context, type, .read)
        let wanted = try wantedIDs(request)
        Self.rowCost.charge(wanted.count, to: context)
        let mask = try ReadMask(request.mask(readMask, of: call.type), of: call.type)
        try await engine.readBudget.take(all: wanted.count, call)
        var written = 0
        defer { engine.readBudget.giveBack(wanted.count - written, call) }
        let writer = RecordWriter(call, mask, count: min(wanted.count, call.type.rowsAtOnce))
        var pace = Pace()
        var unknown: [RecordID] = []
        defer { Self.rowCost.charge(0, bytes: writer.count, to: context) }
        for ids in call.type.parts(of: wanted) {
            let found = try await find(ids, call, at: &pace)
            for id in ids {
                guard let row = found[id] else {
                    unknown.append(id)
                    continue
                }
                try writer.write(row, as: records)
                written += 1
                try check(writer)
                await pace.step()
            }
        }
        let answer = Message.make(response, in: context.arena)
        answer.setStrings(missing, unknown.map(\.text))
        writer.write(fieldsOf: answer)
        try check(writer)
        return writer.bytes
    }

    private func check(_ writer: RecordWriter) throws {
        guard writer.count > MessageLimits.answerBytesMax else { return }
        throw RecordErrors.answerTooLong(
            "The answer would have more than \(MessageLimits.answerBytesMax) bytes, the most that is allowed. Ask for fewer ids, or "
                + "for fewer fields with read_mask.")
    }

    /// The ids, each once: an id that is named again asks for nothing more.
    private func wantedIDs(_ request: Message) throws -> [RecordID] {
        let count = request.count(ids)
        guard (1...BatchGetMethod.idCountMax).contains(count) else {
            throw RecordErrors.invalid(
                .batchSizeInvalid, "There are \(count) ids; send 1 to \(BatchGetMethod.idCountMax).",
                field: "ids")
        }
        var known: Set<RecordID> = []
        return try request.strings(ids).enumerated()
            .map { try RecordEngine.id($1, field: "ids[\($0)]") }
            .filter { known.insert($0).inserted }
    }

    private func find(
        _ ids: [RecordID], _ call: RecordCall, at pace: inout Pace
    ) async throws -> [RecordID: Row] {
        var parameters = Parameters()
        parameters.append(ids)
        let statement = type.lookups.batchGet.statement(.living, call, .read, &parameters)
        do {
            let rows = try await engine.database.read(
                call.actor, at: engine.place(of: call), deadline: call.deadline, statement, parameters)
            let place = type.standard.id.firstColumn
            let found = try await pace.map(rows) { (try $0.id(place), $0) }
            return Dictionary(found, uniquingKeysWith: { first, _ in first })
        } catch {
            throw DatabaseErrors.translate(error, type)
        }
    }
}
