import AccessControl
import Contracts
import Credentials
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy
import Wire

// What was made of the model, and taking the last of it back.
extension WorkspaceModelMethods {
    private static let pageSize = 1...100
    /// Bytes of a page.
    private static let pageBytesMax = 3 << 20

    func listWorkspaceModelVersions(
        _ request: ListWorkspaceModelVersionsRequest, _ context: CallContext
    ) async throws -> ListWorkspaceModelVersionsResponse {
        let size = Int(request.pageSize ?? 20)
        guard Self.pageSize.contains(size) else {
            throw RPCError.invalidArgument(
                "PAGE_SIZE_INVALID", "A page holds 1 to 100 versions.", field: "page_size", domain: IdentityError.domain
            )
        }
        let query = try await RecordQuery(engine, context, reading: objects, choiceLists, fields, roles)
        var rights = Dictionary(
            uniqueKeysWithValues: [objects, choiceLists, fields, roles].map { ($0.object, query.rights($0)) })
        // What a change did to a view tells of views that the caller may not see, unless he sees all.
        for type in [views, sharingRules, validationRules] where try await scopeOfReading(type, context) == .all {
            rights[type.object] = try await RecordQuery(engine, context, reading: type).rights(type)
        }
        let actor = try context.requireTenantActor()
        let list = TokenDigest.sha256(
            Array("model versions ".utf8) + actor.tenantID.id.bytes + (actor.userID?.id.bytes ?? []))
        let rows = try await engine.read(
            context,
            ModelVersionTable.page(
                before: try last(request.pageToken ?? "", list), limit: size + 1, bytesMax: Self.pageBytesMax))
        var versions: [WorkspaceModelVersion] = []
        for row in rows.prefix(size) {
            guard var version = try ModelVersionTable.version(row) else { break }
            version.changes = version.changes.compactMap { Self.told($0, rights) }
            versions.append(version)
        }
        let next = rows.count > versions.count ? versions.last?.version : nil
        return ListWorkspaceModelVersionsResponse(
            versions: versions, nextPageToken: try next.map { try tokens.make(Array(String($0).utf8), list: list) })
    }

    /// A change without what the caller may not read; nil for one of which he may read nothing. Everybody reads settings.
    private static func told(_ change: ModelChange, _ rights: [String: FieldRights]) -> ModelChange? {
        guard let object = change.object, object != SettingsAccess.name else { return change }
        guard let rights = rights[object] else { return nil }
        let hidden = Set(
            zip(change.changedFields, change.fieldChanges).filter { field, _ in !rights.mayRead(field) }.map(\.0))
        guard !hidden.isEmpty else { return change }
        let shown = zip(change.changedFields, change.fieldChanges).filter { !hidden.contains($0.0) }
        var told = change
        (told.changedFields, told.fieldChanges) = (shown.map(\.0), shown.map(\.1))
        return told
    }

    /// The version before which a page begins.
    private func last(_ token: String, _ list: [UInt8]) throws -> Int64 {
        if token.isEmpty { return .max }
        guard let place = tokens.place(token, list: list), let version = Int64(String(decoding: place, as: UTF8.self))
        else { throw IdentityError.pageTokenInvalid }
        return version
    }

    func undoWorkspaceModel(
        _ request: UndoWorkspaceModelRequest, _ context: CallContext
    ) async throws -> UndoWorkspaceModelResponse {
        for type in [objects, choiceLists, fields, roles] { _ = try await engine.authorise(context, type, .update) }
        var outcome: SettingsChange.Outcome?
        if request.preview == true {
            let prepared = try await prepareUndo(request, context)
            var response: UndoWorkspaceModelResponse?
            try await engine.reading(context) { transaction in
                response = try await transaction.trying { try await undo(prepared, &outcome, in: transaction) }
            }
            return response ?? UndoWorkspaceModelResponse()
        }
        // It is remembered as it was sent: a repetition finds another version standing, and is the same request all the same.
        var prepared: PreparedUndo?
        let response = try await engine.transaction(
            context, request: request, preparing: { prepared = try await prepareUndo(request, context) }
        ) { transaction in
            guard let prepared else { preconditionFailure("what is undone was looked up") }
            return try await undo(prepared, &outcome, in: transaction)
        }
        await prepared?.settings?.publish(outcome)
        return response
    }

    /// What was asked about before the transaction, and is undone there or nothing is.
    private struct PreparedUndo {
        let version: Int64
        /// Of a version with settings.
        let settings: SettingsChange?
        let proofs: Set<RecordReference>
    }

    /// Refuses what would lose records or values, and looks whether values are unique of fields that become so again: what other services are asked,
    /// no transaction waits for. A record that is made meanwhile is not lost either: it is there when its object is brought back.
    private func prepareUndo(
        _ request: UndoWorkspaceModelRequest, _ context: CallContext
    ) async throws -> PreparedUndo {
        var (number, hasSettings): (Int64, Bool) = (0, false)
        var (madeObjects, madeFields): ([ModelUseClient.Object], [ModelUseClient.Field]) = ([], [])
        var edited: Set<RecordID> = []
        try await engine.reading(context) { transaction in
            let version = try await Self.standing(request.version, in: transaction)
            (number, hasSettings) = (version.number, version.settings != nil)
            let records = try ModelVersionTable.records(
                await transaction.query(ModelVersionTable.records(of: version.number)))
            let ids = records.filter(\.isMade).map(\.id)
            madeObjects = try await transaction.query(ModelVersionTable.objects(ids)).map { try .init($0) }
            madeFields = try await transaction.query(ModelVersionTable.fields(ids)).map { try .init($0) }
            edited = Set(records.filter { !$0.isMade && $0.object == fields.object }.map(\.id))
        }
        let lost = try await uses.uses(of: madeObjects, madeFields, context)
        guard lost.isEmpty else { throw IdentityError.modelInUse(lost) }
        let settings = hasSettings ? try await SettingsChange(context, engine, publication) : nil
        guard !edited.isEmpty else { return PreparedUndo(version: number, settings: settings, proofs: []) }
        let query = try await RecordQuery(engine, context, reading: fields)
        let there = try await query.answers(
            query.select(fields).all(FieldDefinition.self, by: [], countMax: Self.fieldsMax))
        var proofs: Set<RecordReference> = []
        for field in there where field.id.flatMap({ RecordID($0) }).map(edited.contains) == true {
            if field.unique != true, try await wasUnique(field, context) {
                proofs.formUnion(try await uniqueFields.prepare(field, context))
            }
        }
        return PreparedUndo(version: number, settings: settings, proofs: proofs)
    }

    private func wasUnique(_ field: FieldDefinition, _ context: CallContext) async throws -> Bool {
        guard let id = field.id.flatMap({ RecordID($0) }) else { return false }
        return try await !engine.read(context, ModelVersionTable.wasUnique(id)).isEmpty
    }

    private static func standing(
        _ wanted: Int64?, in transaction: RecordTransaction
    ) async throws -> (number: Int64, settings: (version: Int64, before: Contracts.WorkspaceSettings)?) {
        let row = try await transaction.query(ModelVersionTable.standing).first
        guard let row, case let number = try row.int64(0), wanted ?? number == number else {
            throw IdentityError.modelVersionUnknown(wanted, standing: try row?.int64(0))
        }
        guard let version = try row.optionalInt64(1) else { return (number, nil) }
        return (number, (version, try Contracts.WorkspaceSettings(json: row.json(2))))
    }

    private func undo(
        _ prepared: PreparedUndo, _ outcome: inout SettingsChange.Outcome?, in transaction: RecordTransaction
    ) async throws -> UndoWorkspaceModelResponse {
        transaction.assume(prepared.proofs)
        try await transaction.takeTurn(of: transaction.actor.tenantID.id)
        let version = try await Self.standing(prepared.version, in: transaction)
        var (changes, written): ([ModelChange], [ModelRecord]) = ([], [])
        if let settings = version.settings, let change = prepared.settings {
            let made = try await takeBack(settings, change, in: transaction)
            let told = ModelFieldChange.changes(from: made.before.values, to: made.after.values, transaction.context)
            if !told.isEmpty {
                changes.append(
                    ModelChange(
                        object: SettingsAccess.name, name: SettingsAccess.name,
                        changedFields: told.compactMap(\.field), fieldChanges: told))
            }
            outcome = made
        }
        let names = ModelRoles(try await Self.roles(in: transaction)).names
        let records = try ModelVersionTable.records(
            await transaction.query(ModelVersionTable.records(of: version.number)))
        _ = transaction.isFirst(ObjectDefinitionRecord.deedOfUndo)
        for record in records {
            let types = [objects, choiceLists, fields, roles, views, sharingRules, validationRules]
            guard let type = types.first(where: { $0.object == record.object }) else { continue }
            guard let taken = try await takeBack(record, type, in: transaction) else { continue }
            let called = Self.name(of: taken.before, type)
            written.append(ModelRecord(type, taken.after ?? taken.before, isMade: false))
            guard let after = taken.after else {
                changes.append(ModelChange(object: type.object, name: called, deleted: true))
                continue
            }
            let fields = type.message.fields.filter { ModelPass.isModel($0) && !after.hasSame($0, as: taken.before) }
            guard !fields.isEmpty else { continue }
            changes.append(
                ModelChange(
                    object: type.object, name: called, changedFields: fields.map(\.name),
                    fieldChanges: fields.map { ModelFieldChange($0, from: taken.before, to: after).naming(names) }))
        }
        let last = try await Self.lastVersion(in: transaction)?.number ?? 0
        var response = UndoWorkspaceModelResponse(
            changes: changes, undoneVersion: version.number, modelVersion: last)
        guard !transaction.isPreview else { return response }
        try transaction.enqueue(
            ModelVersionTable.insert(last + 1, changes, written, nil, undoing: version.number, by: transaction))
        try transaction.enqueue(ModelVersionTable.mark(version.number, undoneBy: last + 1))
        try transaction.enqueue(ModelVersionTable.prune(since: last + 1))
        response.modelVersion = last + 1
        return response
    }

    private func takeBack(
        _ record: ModelRecord, _ type: RecordType, in transaction: RecordTransaction
    ) async throws -> (before: Message, after: Message?)? {
        do {
            return try await transaction.takeBack(type, record.id, version: record.version)
        } catch let since as ChangedSince {
            throw IdentityError.modelChangedSince(try await told(record, type, transaction), since.fields)
        } catch {
            guard var refusal = engine.translate(error, of: type) as? RPCError else { throw error }
            refusal.details.append((key: "place", value: try await told(record, type, transaction)))
            throw refusal
        }
    }

    /// What an error calls a record.
    private func told(_ record: ModelRecord, _ type: RecordType, _ transaction: RecordTransaction) async throws
        -> String
    {
        guard let loaded = try? await transaction.load(type, id: record.id.text, for: .read) else {
            return "\(type.object) \(record.id.text)"
        }
        return "\(type.object) \(Self.name(of: loaded.message, type))"
    }

    /// As a model names it.
    private static func name(of record: Message, _ type: RecordType) -> String {
        switch type.object {
        case "field_definition": "\(record.text("object") ?? "").\(record.text("name") ?? "")"
        case "saved_view": record.value(SavedView.self).nameInModel
        case "role", "sharing_rule", "validation_rule": record.text("display_name") ?? ""
        default: record.text("name") ?? ""
        }
    }

    /// Gives the settings that the version changed what they had before, as long as they are what it made of them.
    private func takeBack(
        _ settings: (version: Int64, before: Contracts.WorkspaceSettings), _ change: SettingsChange,
        in transaction: RecordTransaction
    ) async throws -> SettingsChange.Outcome {
        guard let row = try await transaction.query(SettingsTable.find(settings.version)).first else {
            throw SettingsError.versionUnknown("version")
        }
        let stored = try SettingsTable.stored(row)
        let fields = Set(stored.changedFields)
        return try await change.set(from: nil, in: transaction) { present in
            let since = fields.filter {
                present.only([$0]) != stored.values.only([$0]) && present.only([$0]) != settings.before.only([$0])
            }
            guard since.isEmpty else { throw IdentityError.modelChangedSince(SettingsAccess.name, since.sorted()) }
            return try SettingsUpdate(
                UpdateSettingsRequest(settings: settings.before.only(fields), updateMask: fields.sorted()))
        }
    }
}
