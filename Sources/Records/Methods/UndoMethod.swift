import AccessControl
import Postgres
import RPC
import Tenancy
import TenantDatabase
import Wire

/// Takes one change of a record back: a new write that gives the fields what they had before. Three round trips: the change is read from
/// the ledger, then it goes as an update, a deletion or a return goes, with the rights and rules of these.
struct UndoMethod {
    private let engine: RecordEngine
    private let type: RecordType
    private let id, version: FieldDescriptor
    private let response: MessageDescriptor
    private let record: FieldDescriptor

    init(_ engine: RecordEngine, _ shape: MethodShape) throws {
        self.engine = engine
        type = shape.type
        id = try shape.request("id")
        version = try shape.request("version")
        response = shape.method.response
        record = try shape.responseRecord()
    }

    @Sendable func answer(_ request: Message, _ context: CallContext) async throws -> [UInt8] {
        // The change tells which right it takes; without any of them the call ends here.
        let call = try await engine.open(context, type, writes: true)
        try call.require(.read)
        try call.require(call.may(.delete) ? .delete : .update)
        let id = try RecordEngine.id(request.string(id), field: "id")
        let version = request.int64(version)
        let preparation = ChangePreparation(engine: engine, call: call, path: "")
        let stored = try StoredAnswer(context, request: request)
        return try await engine.replaying(stored, context, response, type: type) {
            let intent = try await PastChange(of: id, version: version, call, in: engine).reversal(call)
            try call.require(intent.action)
            return try await engine.commit(intent, preparation, under: stored) { record in
                call.answer(with: record, as: self.record, of: response)
            }
        }
    }
}

extension PastChange {
    /// The change that made a version.
    ///
    /// Throws NOT_FOUND when the caller may not read the record, INVALID_ARGUMENT with VERSION_UNKNOWN when it has no such change, or
    /// none that is kept.
    fileprivate init(of id: RecordID, version: Int64, _ call: RecordCall, in engine: RecordEngine) async throws {
        let type = call.type
        let next = HistoryQuery.Place(
            version: version.addingReportingOverflow(1).partialValue, rowID: RecordID(high: 0, low: 0))
        let (text, parameters) = HistoryQuery(
            selection: Selection(call: call, filter: nil, lifetime: .any, action: .read), id: id,
            keys: type.fieldKeys, rowCount: 1, place: next
        ).page()
        let rows = try await engine.database.read(
            call.actor, at: engine.place(of: call), deadline: call.deadline, engine.scan(text), parameters)
        guard let row = rows.first else { throw RecordErrors.notFound(type, id: id.text) }
        guard !row.isNull(.version), try row.int64(HistoryQuery.Column.version.rawValue) == version else {
            throw RecordErrors.invalid(
                .versionUnknown, "The \(type.object) has no change with the version \(version), or none that is kept.",
                field: "version")
        }
        let before = row.isNull(.before) ? nil : try row.json(HistoryQuery.Column.before.rawValue)
        try self.init(
            of: id, version: version, before: before, after: row.json(HistoryQuery.Column.after.rawValue), call)
    }
}
