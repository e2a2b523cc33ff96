import AccessControl
package import Contracts
import Formulas
package import RPC
import Tenancy
import TenantDatabase
import Wire

/// Serves RollUpService: notes of which records roll-ups are to be asked for, and says what those over records of this service are.
package struct RollUpMethods: RollUpServiceCustomMethods {
    private let engine: RecordEngine

    /// Records of one call.
    static let recordsMax = 400

    package init(_ engine: RecordEngine) { self.engine = engine }

    package func markRollUps(
        _ request: MarkRollUpsRequest, _ context: CallContext
    ) async throws -> MarkRollUpsResponse {
        let (tenant, source) = try caller(context)
        let ids = try Self.ids(request.recordIDs)
        let model = try await engine.policies.snapshot(of: tenant, minEpoch: context.minEpoch).model
        guard let type = engine.type(request.object ?? "", in: model) else {
            throw RecordErrors.objectUnknown(request.object ?? "", known: [])
        }
        guard !ids.isEmpty else { return MarkRollUpsResponse() }
        try engine.policies.requireFreshForWrite()
        _ = try await DatabaseErrors.translated {
            try await engine.database.batch(
                program(tenant), deadline: context.deadline.nanoseconds,
                [RollUpMark.add(ids.map { RollUpMark(type.object, $0) }, from: source.rawValue)])
        }
        engine.changeBell.ring(tenant)
        return MarkRollUpsResponse()
    }

    package func reckonRollUps(
        _ request: ReckonRollUpsRequest, _ context: CallContext
    ) async throws -> ReckonRollUpsResponse {
        let (tenant, _) = try caller(context)
        let ids = try Self.ids(request.recordIDs)
        try Self.check(request.rollUps.count, of: "roll_ups", max: TenantModel.rollUpCountMax)
        let program = program(tenant)
        var response = ReckonRollUpsResponse()
        for asked in request.rollUps {
            let model = try await engine.policies.snapshot(of: tenant, minEpoch: context.minEpoch).model
            guard
                let field = model.fields(of: request.object ?? "").first(where: { $0.number == asked.number }),
                let object = field.rollUp?.object, model.definition(of: field) == asked.definition
            else { throw RecordErrors.rollUpUnknown() }
            guard let children = engine.type(object, in: model) else { continue }
            let call = try await engine.open(context, as: program, children, writes: false)
            guard let rollUp = RecordRollUp(field, call) else {
                response.rollUps.append(ReckonedRollUpValues(number: field.number, unfit: true))
                continue
            }
            let (text, parameters) = rollUp.statement(ids)
            let rows = try await DatabaseErrors.translated {
                try await engine.database.read(
                    program, at: engine.place(of: call), deadline: context.deadline.nanoseconds,
                    engine.statement(text), parameters)
            }
            let values = try rollUp.values(rows).sorted { $0.key < $1.key }
            response.rollUps.append(
                ReckonedRollUpValues(
                    number: field.number, recordIDs: values.map(\.key.bytes),
                    values: values.map { CustomField(TenantValue($0.value)) }))
        }
        return response
    }

    /// Another service that keeps records asks, for this purpose and for the workspace itself; nobody else does.
    private func caller(_ context: CallContext) throws -> (TenantID, ServiceName) {
        let actor = try context.requireTenantActor()
        guard case .program(.exchangeRollUps, nil) = actor.actor, case .program(let source) = context.peer,
            source != engine.database.service, Installation.current.recordServices.contains(source)
        else { throw RecordErrors.rollUpsForbidden() }
        return (actor.tenantID, source)
    }

    private func program(_ tenant: TenantID) -> TenantActor {
        TenantActor(tenant, purpose: .reckonRollUps, onBehalfOf: nil)
    }

    private static func check(_ count: Int, of field: String, max most: Int) throws {
        guard count > most else { return }
        throw RecordErrors.invalid(
            .batchSizeInvalid, "\(field) has \(count) entries, and at most \(most) are taken.", field: field)
    }

    private static func ids(_ all: [[UInt8]]) throws -> [RecordID] {
        try check(all.count, of: "record_ids", max: recordsMax)
        let ids = all.compactMap { RecordID(bytes: $0) }
        guard ids.count == all.count else {
            throw RecordErrors.invalid(.idInvalid, "An id has 16 bytes.", field: "record_ids")
        }
        return ids
    }
}

extension ReckonedRollUp {
    /// What another service says of one of our fields.
    init(_ field: RecordField, _ told: ReckonedRollUpValues) {
        let pairs = zip(told.recordIDs, told.values).compactMap { id, value -> (RecordID, FormulaValue)? in
            guard let id = RecordID(bytes: id), let value = TenantValue(value),
                let value = FormulaValue(value, of: field)
            else { return nil }
            return (id, value)
        }
        self.init(
            field: field,
            values: told.unfit == true ? nil : Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
    }
}
