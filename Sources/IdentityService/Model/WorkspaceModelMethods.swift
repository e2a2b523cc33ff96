import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Wire

/// steward.identity.v1.WorkspaceModelService: the model of a workspace as one thing.
struct WorkspaceModelMethods: WorkspaceModelServiceCustomMethods {
    let engine: RecordEngine
    let objects: RecordType
    let choiceLists: RecordType
    let fields: RecordType
    let roles: RecordType
    let uniqueFields: UniqueFieldClient
    let publication: PolicyPublication

    /// Objects, choice lists, fields and roles of a model.
    static let countMax = 2_000

    func getWorkspaceModel(
        _ request: GetWorkspaceModelRequest, _ context: CallContext
    ) async throws -> GetWorkspaceModelResponse {
        let query = try await RecordQuery(engine, context, reading: objects, choiceLists, fields, roles)
        let (objects, lists, fields, roles) = try await query.answers(
            query.select(objects).all(ObjectDefinition.self, by: ["name"], countMax: Self.countMax),
            query.select(choiceLists).all(ChoiceList.self, by: ["name"], countMax: Self.countMax),
            query.select(fields).all(FieldDefinition.self, by: ["object", "name"], countMax: Self.fieldsMax),
            query.select(roles).all(Role.self, by: ["display_name"], countMax: Self.countMax))
        var model = WorkspaceModel()
        model.objects = try objects.map { try plain($0, context) }
        model.choiceLists = try lists.map { try plain($0, context) }
        // Fields of an object that was deleted wait for it, and could be added to none.
        let defined = Set(objects.compactMap(\.name).map { TenantObject.prefix + $0 })
        model.fields = try fields.filter { field in
            field.object.map { !TenantObject.isObject($0) || defined.contains($0) } ?? false
        }.map { try plain($0, context) }
        model.roles = try roles.filter { !$0.isAdmin }.map { try plain($0, context) }
        var response: GetWorkspaceModelResponse?
        try await engine.reading(context) { transaction in
            let rows = try await transaction.query(SettingsTable.since(transaction.now))
            let settings = try SettingsTable.timeline(rows).version(at: transaction.now).values
            model.settings = settings.withoutExceptions
            response = GetWorkspaceModelResponse(model: model)
        }
        return response ?? GetWorkspaceModelResponse(model: model)
    }

    func applyWorkspaceModel(
        _ request: ApplyWorkspaceModelRequest, _ context: CallContext
    ) async throws -> ApplyWorkspaceModelResponse {
        for type in [objects, choiceLists, fields, roles] { _ = try await engine.authorise(context, type, .update) }
        let model = request.model ?? WorkspaceModel()
        let count = model.objects.count + model.choiceLists.count + model.fields.count + model.roles.count
        guard count <= Self.countMax else { throw IdentityError.modelTooLong(count, max: Self.countMax) }
        let proofs = try await prepare(model, context)
        let change = model.settings == nil ? nil : try await SettingsChange(context, engine, publication)
        var outcome: SettingsChange.Outcome?
        if request.preview == true {
            var response: ApplyWorkspaceModelResponse?
            try await engine.reading(context) { transaction in
                transaction.assume(proofs)
                response = try await transaction.trying { try await apply(model, change, &outcome, in: transaction) }
            }
            return response ?? ApplyWorkspaceModelResponse()
        }
        let response = try await engine.transaction(context, request: request) { transaction in
            transaction.assume(proofs)
            return try await apply(model, change, &outcome, in: transaction)
        }
        await change?.publish(outcome)
        return response
    }

    /// Looks whether values are unique of fields that are there and become so.
    private func prepare(_ model: WorkspaceModel, _ context: CallContext) async throws -> Set<RecordReference> {
        let unique = Dictionary(
            grouping: model.fields.filter { $0.unique == true }, by: { "\($0.object ?? "").\($0.name ?? "")" })
        guard !unique.isEmpty else { return [] }
        let query = try await RecordQuery(engine, context, reading: fields)
        let there = try await query.answers(
            query.select(fields).all(FieldDefinition.self, by: [], countMax: Self.fieldsMax))
        var proofs: Set<RecordReference> = []
        for field in there where unique["\(field.object ?? "").\(field.name ?? "")"] != nil {
            proofs.formUnion(try await uniqueFields.prepare(field, context))
        }
        return proofs
    }

    /// Most fields of a workspace: as many as the policy has room for are fewer.
    static let fieldsMax = TenantModel.fieldCountMax * (TenantModel.objectCountMax + 10)

    private func apply(
        _ model: WorkspaceModel, _ change: SettingsChange?, _ outcome: inout SettingsChange.Outcome?,
        in transaction: RecordTransaction
    ) async throws -> ApplyWorkspaceModelResponse {
        var response = ApplyWorkspaceModelResponse(unchangedCount: 0)
        // Two at once would find and make the same.
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        var pass = ModelPass(engine: engine, transaction: transaction)
        try await pass.apply(model.objects, "objects", objects) { $0.name ?? "" }
        try await pass.apply(model.choiceLists, "choice_lists", choiceLists) { $0.name ?? "" }
        try await pass.apply(model.fields, "fields", fields, order: FormulaRules.order(of: model.fields)) {
            "\($0.object ?? "").\($0.name ?? "")"
        }
        try await pass.apply(model.roles, "roles", roles) { $0.displayName ?? "" }
        (response.changes, response.unchangedCount) = (pass.changes, pass.unchangedCount)
        if let settings = model.settings, let change {
            let made = try await change.set(from: nil, in: transaction) {
                try SettingsUpdate(model: settings, keeping: $0)
            }
            let changes = ModelFieldChange.changes(from: made.before.values, to: made.after.values, transaction.context)
            if changes.isEmpty {
                response.unchangedCount = pass.unchangedCount + 1
            } else {
                response.changes.append(
                    ModelChange(
                        object: SettingsAccess.name, name: SettingsAccess.name,
                        changedFields: changes.compactMap(\.field), fieldChanges: changes))
            }
            outcome = made
        }
        return response
    }

    /// The record without what is of this workspace alone.
    private func plain<Value: WireMessage>(_ value: Value, _ context: CallContext) throws -> Value {
        let message = value.message(in: context.arena)
        for field in Value.descriptor.fields where !ModelPass.isModel(field) { message.clear(field) }
        return message.value(Value.self)
    }
}

/// One application of a model: what is there is found by name, and what came of each is noted.
private struct ModelPass {
    private let engine: RecordEngine
    private let transaction: RecordTransaction
    private(set) var changes: [ModelChange] = []
    private(set) var unchangedCount: Int32 = 0

    init(engine: RecordEngine, transaction: RecordTransaction) {
        (self.engine, self.transaction) = (engine, transaction)
    }

    /// What services set, and what is of one workspace.
    private static let foreign: Set<String> = [
        "id", "version", "create_time", "update_time", "delete_time", "number", "built_in",
    ]

    static func isModel(_ field: FieldDescriptor) -> Bool { !foreign.contains(field.name) }

    /// - Parameters:
    ///   - place: where the values stand in the model.
    ///   - order: their places in the order in which they are applied; nil for that in which they stand.
    mutating func apply<Value: WireMessage>(
        _ values: [Value], _ place: String, _ type: RecordType, order: [Int]? = nil, name: (Value) -> String
    ) async throws {
        guard !values.isEmpty else { return }
        let there = try await transaction.lock(
            type, for: .update, where: .set("id"), limit: WorkspaceModelMethods.fieldsMax)
        var known = Dictionary(
            there.map { (name($0.value(Value.self)), $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        for index in order ?? Array(values.indices) {
            let value = values[index]
            let called = name(value)
            guard seen.insert(called).inserted else { throw IdentityError.twiceInModel("\(place)[\(index)]", called) }
            do {
                try await apply(value, called, type, known.removeValue(forKey: called))
            } catch {
                guard let refusal = engine.translate(error, of: type) as? RPCError else { throw error }
                throw Self.explained(refusal, type, called).within("model.\(place)[\(index)]")
            }
            await transaction.step()
        }
    }

    /// What is living was found by its name: a name that is taken is that of a deleted one.
    private static func explained(_ error: RPCError, _ type: RecordType, _ called: String) -> RPCError {
        guard error.code == .alreadyExists, let taken = type.constraints.first(where: { $0.reason == error.reason })
        else { return error }
        return IdentityError.deletedInModel(type.object, called, fields: taken.fields, reason: taken.reason)
    }

    private mutating func apply<Value: WireMessage>(
        _ value: Value, _ called: String, _ type: RecordType, _ there: LoadedRecord?
    ) async throws {
        // Whether a value that the caller may not read is the one that he sends is not told.
        let rights = try await transaction.call(type).rights
        let fields = Value.descriptor.fields.filter { field in
            Self.isModel(field) && type.field(field.name).map(rights.isReadable) ?? true
        }
        let sent = value.message(in: transaction.context.arena)
        guard let there else {
            for field in Value.descriptor.fields where !Self.isModel(field) { sent.clear(field) }
            _ = try await transaction.insert(type, sent.value(Value.self), by: .caller)
            changes.append(ModelChange(object: type.object, name: called, created: true))
            return
        }
        let before = there.value(Value.self).message(in: transaction.context.arena)
        let stored = try await transaction.update(there, by: .caller) { $0.copyFields(from: sent, only: fields) }
        let changed = fields.filter { !stored.hasSame($0, as: before) }
        if changed.isEmpty {
            unchangedCount += 1
        } else {
            changes.append(
                ModelChange(
                    object: type.object, name: called, changedFields: changed.map(\.name),
                    fieldChanges: changed.map { ModelFieldChange($0, from: before, to: stored) }))
        }
    }
}

extension RPCError {
    /// The error of a record that stands somewhere in a request.
    func within(_ path: String) -> RPCError {
        var error = self
        error.fieldViolations = fieldViolations.map {
            FieldViolation(field: "\(path).\($0.field)", reason: $0.reason, description: $0.description)
        }
        if fieldViolations.isEmpty { error.details.append((key: "place", value: path)) }
        return error
    }
}

extension Message {
    /// Whether another message of the kind has the same in a field.
    fileprivate func hasSame(_ field: FieldDescriptor, as other: Message) -> Bool {
        let (own, others) = (Message.make(descriptor, in: arena), Message.make(descriptor, in: arena))
        own.copyFields(from: self, only: [field])
        others.copyFields(from: other, only: [field])
        return WireCodec.encode(own) == WireCodec.encode(others)
    }
}
