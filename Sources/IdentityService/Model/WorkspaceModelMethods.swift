import AccessControl
import Contracts
import IdentityContracts
import Postgres
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
    let views: RecordType
    let sharingRules: RecordType
    let validationRules: RecordType
    let uniqueFields: UniqueFieldClient
    let uses: ModelUseClient
    let publication: PolicyPublication
    let tokens: PageToken

    /// Objects, choice lists, fields, roles, views, sharing rules and validation rules of a model.
    static let countMax = 2_000

    func getWorkspaceModel(
        _ request: GetWorkspaceModelRequest, _ context: CallContext
    ) async throws -> GetWorkspaceModelResponse {
        let query = try await RecordQuery(engine, context, reading: objects, choiceLists, fields, roles)
        let (objects, lists, fields, allRoles) = try await query.answers(
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
        model.roles = try allRoles.filter { !$0.isAdmin }.map { try plain($0, context) }
        try await addShares(to: &model, ModelRoles(allRoles), context)
        var response: GetWorkspaceModelResponse?
        try await engine.reading(context) { [model] transaction in
            var model = model
            let rows = try await transaction.query(SettingsTable.since(transaction.now))
            let settings = try SettingsTable.timeline(rows).version(at: transaction.now).values
            model.settings = settings.withoutExceptions
            let last = try await Self.lastVersion(in: transaction)
            response = GetWorkspaceModelResponse(model: model, modelVersion: last?.number ?? 0)
        }
        return response ?? GetWorkspaceModelResponse(model: model)
    }

    /// Views and sharing rules, of who may read such.
    private func addShares(to model: inout WorkspaceModel, _ roles: ModelRoles, _ context: CallContext) async throws {
        if try await scopeOfReading(views, context) > .none {
            let query = try await RecordQuery(engine, context, reading: views)
            let found = try await query.answers(
                query.select(views, where: SavedView.ofModel).all(
                    SavedView.self, by: ["object", "display_name", "id"], countMax: Self.countMax))
            var seen: Set<String> = []
            // Of several that are called the same the oldest is found again when the model is applied.
            model.views = found.compactMap { ModelView($0, roles) == nil ? nil : $0 }
                .filter { seen.insert($0.nameInModel).inserted }.compactMap { ModelView($0, roles) }
        }
        if try await scopeOfReading(sharingRules, context) > .none {
            let query = try await RecordQuery(engine, context, reading: sharingRules)
            let found = try await query.answers(
                query.select(sharingRules).all(SharingRule.self, by: ["display_name"], countMax: Self.countMax))
            let now = Timestamp.now()
            model.sharingRules = found.compactMap { ModelSharingRule($0, roles, at: now) }
        }
        if try await scopeOfReading(validationRules, context) > .none {
            let query = try await RecordQuery(engine, context, reading: validationRules)
            let found = try await query.answers(
                query.select(validationRules).all(ValidationRule.self, by: ["display_name"], countMax: Self.countMax))
            model.validationRules = found.map { ModelValidationRule($0, roles) }
        }
    }

    func scopeOfReading(_ type: RecordType, _ context: CallContext) async throws -> Scope {
        try await engine.access(context, to: type.object, writes: false).access.scope(.read)
    }

    static func lastVersion(in transaction: RecordTransaction) async throws -> ModelVersion? {
        try await transaction.query(ModelVersionTable.last).first.map {
            ModelVersion(number: try $0.int64(0), time: try $0.timestamp(1), user: try $0.optionalID(2))
        }
    }

    func applyWorkspaceModel(
        _ request: ApplyWorkspaceModelRequest, _ context: CallContext
    ) async throws -> ApplyWorkspaceModelResponse {
        let model = request.model ?? WorkspaceModel()
        let types =
            [objects, choiceLists, fields, roles] + (model.views.isEmpty ? [] : [views])
            + (model.sharingRules.isEmpty ? [] : [sharingRules])
            + (model.validationRules.isEmpty ? [] : [validationRules])
        for type in types { _ = try await engine.authorise(context, type, .update) }
        let count =
            model.objects.count + model.choiceLists.count + model.fields.count + model.roles.count + model.views.count
            + model.sharingRules.count + model.validationRules.count
        guard count <= Self.countMax else { throw IdentityError.modelTooLong(count, max: Self.countMax) }
        let proofs = try await prepare(model, context)
        let unused = try await unusedObjects(model, context)
        let change = model.settings == nil ? nil : try await SettingsChange(context, engine, publication)
        var outcome: SettingsChange.Outcome?
        if request.preview == true {
            var response: ApplyWorkspaceModelResponse?
            try await engine.reading(context) { transaction in
                transaction.assume(proofs)
                response = try await transaction.trying {
                    try await apply(request, model, unused, change, &outcome, in: transaction)
                }
            }
            return response ?? ApplyWorkspaceModelResponse()
        }
        let response = try await engine.transaction(context, request: request) { transaction in
            transaction.assume(proofs)
            return try await apply(request, model, unused, change, &outcome, in: transaction)
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

    /// The deleted objects of the model's names that nothing is left of, by name: they come back.
    private func unusedObjects(_ model: WorkspaceModel, _ context: CallContext) async throws -> [String: RecordID] {
        let names = model.objects.compactMap(\.name)
        guard !names.isEmpty else { return [:] }
        var deleted: [ModelUseClient.Object] = []
        try await engine.reading(context) { transaction in
            deleted = try await transaction.query(ModelVersionTable.deletedObjects(names)).map { try .init($0) }
        }
        guard !deleted.isEmpty else { return [:] }
        let used = Set(try await uses.uses(of: deleted, [], context).map(\.name))
        return Dictionary(
            deleted.filter { !used.contains(TenantObject.prefix + $0.name) }.map { ($0.name, $0.id) },
            uniquingKeysWith: { first, _ in first })
    }

    private func apply(
        _ request: ApplyWorkspaceModelRequest, _ model: WorkspaceModel, _ unused: [String: RecordID],
        _ change: SettingsChange?, _ outcome: inout SettingsChange.Outcome?, in transaction: RecordTransaction
    ) async throws -> ApplyWorkspaceModelResponse {
        var response = ApplyWorkspaceModelResponse(unchangedCount: 0)
        // Two at once would find and make the same.
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let last = try await Self.lastVersion(in: transaction)
        if let seen = request.modelVersion, seen != last?.number ?? 0 {
            throw IdentityError.modelVersionConflict(seen, last: last)
        }
        var pass = ModelPass(engine: engine, transaction: transaction, unused: unused)
        try await pass.apply(model.objects, "objects", objects) { $0.name ?? "" }
        try await pass.apply(model.choiceLists, "choice_lists", choiceLists) { $0.name ?? "" }
        try await pass.apply(model.fields, "fields", fields, order: FormulaRules.order(of: model.fields)) {
            "\($0.object ?? "").\($0.name ?? "")"
        }
        for (index, object) in model.objects.enumerated() {
            try await ObjectDefinitionRecord.requireDisplayField(
                object, in: transaction, field: "model.objects[\(index)].display_field")
        }
        try await pass.apply(model.roles, "roles", roles) { $0.displayName ?? "" }
        try await applyShares(of: model, &pass, in: transaction)
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
        response.modelVersion = last?.number ?? 0
        if !response.changes.isEmpty, !transaction.isPreview {
            let version = (last?.number ?? 0) + 1
            let settings = outcome.flatMap { $0.mark == nil && $0.before == $0.after ? nil : $0 }
            try transaction.enqueue(
                ModelVersionTable.insert(version, response.changes, pass.written, settings, by: transaction))
            try transaction.enqueue(ModelVersionTable.prune(since: version))
            response.modelVersion = version
        }
        return response
    }

    /// Views and rules may name what the model has just made.
    private func applyShares(
        of model: WorkspaceModel, _ pass: inout ModelPass, in transaction: RecordTransaction
    ) async throws {
        guard !model.views.isEmpty || !model.sharingRules.isEmpty || !model.validationRules.isEmpty else { return }
        let known = ModelRoles(try await Self.roles(in: transaction))
        pass.roleNames = known.names
        try await transaction.adopt(try await .current(in: transaction))
        let made = try model.views.enumerated().map { try $1.view(known, "model.views[\($0)]") }
        try await pass.apply(made, "views", views, among: SavedView.ofModel) { $0.nameInModel }
        let rules = try model.sharingRules.enumerated().map { try $1.rule(known, "model.sharing_rules[\($0)]") }
        try await pass.apply(rules, "sharing_rules", sharingRules) { $0.displayName ?? "" }
        let demands = try model.validationRules.enumerated().map {
            try $1.rule(known, "model.validation_rules[\($0)]")
        }
        try await pass.apply(demands, "validation_rules", validationRules) { $0.displayName ?? "" }
    }

    static func roles(in transaction: RecordTransaction) async throws -> [Contracts.PolicyRole] {
        let none = [RecordID]()
        return try PolicyTables.roles(
            await transaction.query(PolicyTables.roles()), await transaction.query(PolicyTables.grants(none)),
            await transaction.query(PolicyTables.fieldPolicies(none)))
    }

    /// The record without what is of this workspace alone.
    private func plain<Value: WireMessage>(_ value: Value, _ context: CallContext) throws -> Value {
        let message = value.message(in: context.arena)
        for field in Value.descriptor.fields where !ModelPass.isModel(field) { message.clear(field) }
        return message.value(Value.self)
    }
}
