import AccessControl
package import Contracts
import Postgres
package import RPC
import Tenancy
import TenantDatabase
import Wire

/// Serves FieldKindService: looks which values of a field would be values of another kind, and whether records have these, page by page, so that no
/// statement grows with the table but the count of how far the pass is, which is left out where it takes too long.
package struct FieldKindMethods: FieldKindServiceCustomMethods {
    private let engine: RecordEngine

    /// Records in a statement: their values have 20 MB at most. And the time after which a call answers how far it is.
    private static let (pageSize, callTime) = (500, Duration.seconds(3))
    /// Examples that a call tells, and characters of one.
    private static let (examplesMax, exampleLengthMax) = (10, 100)

    package init(_ engine: RecordEngine) { self.engine = engine }

    package func checkFieldKind(
        _ request: CheckFieldKindRequest, _ context: CallContext
    ) async throws -> CheckFieldKindResponse {
        let user = try Self.requireProgram(context)
        let model = try await engine.model(context)
        guard let type = engine.type(request.object ?? "", in: model) else {
            throw RecordErrors.objectUnknown(request.object ?? "", known: [])
        }
        let field = model.fields(of: type.object).first { $0.number == request.fieldNumber }
        guard let field, let change = request.change.flatMap({ TenantKindChange($0) }),
            change.number == 0 || field.kindChange == change
        else {
            // It has not heard of what it is asked for.
            return CheckFieldKindResponse(pending: true)
        }
        let actor = try context.requireTenantActor()
        if change.number != 0, let pending = try await pending(type.shaped(by: model), actor, context) {
            return pending
        }
        guard let look = KindLook(field, change, in: model, engine, type) else {
            throw RecordErrors.fieldKindUnreachable(field, change.kind)
        }
        let call = user == nil ? nil : try await engine.open(context, type, writes: false)
        return try await self.look(look, from: request.place.flatMap { RecordID(bytes: $0) }, call, context)
    }

    /// - Returns: for whom it calls; nil where it is for the workspace itself.
    private static func requireProgram(_ context: CallContext) throws -> UserID? {
        switch try context.requireTenantActor().actor {
        case .program(.defineFields, .some(let user)): return user
        case .program(.changeFieldKind, nil): return nil
        default: throw RecordErrors.purposeMissing(.changeFieldKind)
        }
    }

    /// How far the pass over the records is (`ReckoningKeeper`); nil when it is through.
    private func pending(
        _ type: RecordType, _ actor: TenantActor, _ context: CallContext
    ) async throws -> CheckFieldKindResponse? {
        var parameters = Parameters()
        parameters.append(type.object)
        parameters.append(type.formulaNumber)
        let place = try await read(
            "SELECT built_to FROM {schema}.formula_shapes WHERE object = $1 AND shape = $2", parameters, actor, context
        ).first
        guard let last = try place?.optionalID(0) else {
            return place == nil ? CheckFieldKindResponse(pending: true) : nil
        }
        return try await progress(type, last, actor, context)
    }

    /// Told for as long as records can be counted in the time that a read has.
    private func progress(
        _ type: RecordType, _ last: RecordID, _ actor: TenantActor, _ context: CallContext
    ) async throws -> CheckFieldKindResponse {
        var parameters = Parameters()
        parameters.append(last)
        let text = "SELECT count(*) FILTER (WHERE \(type.standard.id.column) <= $1), count(*) FROM \(type.source)"
        do {
            let row = try await read(text, parameters, actor, context).one()
            return CheckFieldKindResponse(pending: true, doneCount: try row.int64(0), totalCount: try row.int64(1))
        } catch let error as RPCError where error.reason == RecordReason.readTimeout.rawValue {
            return CheckFieldKindResponse(pending: true)
        }
    }

    private func look(
        _ look: KindLook, from place: RecordID?, _ call: RecordCall?, _ context: CallContext
    ) async throws -> CheckFieldKindResponse {
        var response = CheckFieldKindResponse(valueCount: 0, unfitCount: 0, behindCount: 0)
        let forms = NormalForms(try await engine.policies.snapshot(of: look.tenant(context), minEpoch: 0).settings)
        let end = ContinuousClock.now.advanced(by: Self.callTime)
        var next: RecordID? = place ?? .zero
        while let last = next, ContinuousClock.now < end {
            next = try await page(look, after: last, forms, call, context, &response)
        }
        response.nextPlace = next?.bytes
        return response
    }

    /// - Returns: the last record of the page; nil when it was the last page.
    private func page(
        _ look: KindLook, after last: RecordID, _ forms: NormalForms, _ call: RecordCall?, _ context: CallContext,
        _ response: inout CheckFieldKindResponse
    ) async throws -> RecordID? {
        var parameters = Parameters()
        parameters.append(last)
        parameters.append(Int32(Self.pageSize))
        let rows = try await read(look.page, parameters, context.requireTenantActor(), context)
        var unfit: [UnfitValue] = []
        for row in rows where !row.isNull(1) {
            try context.arena.freeing {
                let value = try look.value(row, forms, context.arena)
                if value.outcome != .none { response.valueCount = (response.valueCount ?? 0) + 1 }
                if value.outcome == .unfit {
                    response.unfitCount = (response.unfitCount ?? 0) + 1
                    if unfit.count < Self.examplesMax {
                        let text = value.text.map { String($0.prefix(Self.exampleLengthMax)) }
                        unfit.append(
                            UnfitValue(
                                recordID: try row.id(0).text, value: text, deleted: try row.bool(2) ? true : nil))
                    }
                } else if value.isBehind {
                    response.behindCount = (response.behindCount ?? 0) + 1
                }
            }
        }
        if let call, response.examples.count < Self.examplesMax {
            let told = try await told(unfit, look, call)
            response.examples += told.prefix(Self.examplesMax - response.examples.count)
        }
        return rows.count < Self.pageSize ? nil : try rows.last?.id(0)
    }

    /// Those of records that the user may read; none where he may not read the field.
    private func told(_ values: [UnfitValue], _ look: KindLook, _ call: RecordCall) async throws -> [UnfitValue] {
        guard let field = call.type.field(look.path), call.rights.isReadable(field) else { return [] }
        let ids = values.compactMap { $0.recordID.flatMap { RecordID($0) } }
        guard !ids.isEmpty else { return [] }
        var parameters = Parameters()
        parameters.append(ids)
        let statement = call.type.lookups.existing.statement(.any, call, .read, &parameters)
        let rows = try await DatabaseErrors.translated { [parameters] in
            try await engine.database.read(call.actor, deadline: call.deadline, statement, parameters)
        }
        let readable = Set(try rows.map { try $0.id(0).text })
        return values.filter { $0.recordID.map(readable.contains) ?? false }
    }

    private func read(
        _ text: String, _ parameters: Parameters, _ actor: TenantActor, _ context: CallContext
    ) async throws -> Rows {
        try await DatabaseErrors.translated {
            try await engine.database.read(
                actor, deadline: context.deadline.nanoseconds, engine.scan(text), parameters)
        }
    }
}

/// What is looked at of the records of a kind: a field, and what its values would be.
private struct KindLook {
    let path: String
    /// SQL of the records after $1, at most $2: (id, the two values as an object, whether it is deleted).
    let page: String
    private let succession: FieldSuccession
    private let shape: MessageExtension

    init?(
        _ field: TenantField, _ change: TenantKindChange, in model: TenantModel, _ engine: RecordEngine,
        _ type: RecordType
    ) {
        let next = field.successor(change)
        shape = MessageExtension(of: CustomWire.item, adding: [field.wireField, next.wireField])
        let fields = zip([field, next], shape.fields).enumerated().map { index, pair in
            RecordField(pair.0, pair.1, index: index, choices: model.choices(of: pair.0))
        }
        guard let succession = FieldSuccession(fields[0], fields[1], currency: change.currency) else { return nil }
        (path, self.succession) = (field.path, succession)
        let (id, deleted, column) = (
            type.standard.id.column, type.standard.deleteTime.column, RecordField.customColumn
        )
        let values = fields.map { "'\($0.key)', \(column)->'\($0.key)'" }.joined(separator: ", ")
        let isSet = fields.map { "\(column) ? '\($0.key)'" }.joined(separator: " OR ")
        page = """
            SELECT \(id), CASE WHEN \(isSet) THEN jsonb_strip_nulls(jsonb_build_object(\(values))) END, \(deleted) IS NOT NULL
            FROM \(type.source) WHERE \(id) > $1 ORDER BY \(id) LIMIT $2
            """
    }

    func tenant(_ context: CallContext) throws -> TenantID { try context.requireTenantActor().tenantID }

    /// What becomes of a record's value, the value as text, and whether the record does not have what becomes of it.
    func value(
        _ row: Row, _ forms: NormalForms, _ arena: Arena
    ) throws -> (outcome: FieldSuccession.Outcome, text: String?, isBehind: Bool) {
        let stored = Message.make(shape.descriptor, in: arena)
        var reader = JSONReader(try row.json(1))
        try reader.read(into: stored)
        let wanted = stored.copy()
        let outcome = succession.set(in: wanted, before: stored, forms)
        return (outcome, succession.text(in: stored), !succession.next.isSame(in: stored, wanted))
    }
}
