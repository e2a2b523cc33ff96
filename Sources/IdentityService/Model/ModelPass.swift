import AccessControl
import Contracts
import IdentityContracts
import RPC
import Records
import Tenancy
import Wire

/// One application of a model: what is there is found by name, and what came of each is noted.
struct ModelPass {
    private let engine: RecordEngine
    private let transaction: RecordTransaction
    private(set) var changes: [ModelChange] = []
    private(set) var unchangedCount: Int32 = 0
    /// What was written, in order.
    private(set) var written: [ModelRecord] = []
    /// Deleted objects without a record, which may come back, by name.
    private let unused: [String: RecordID]
    /// What roles are called, by id.
    var roleNames: [String: String] = [:]

    init(engine: RecordEngine, transaction: RecordTransaction, unused: [String: RecordID]) {
        (self.engine, self.transaction, self.unused) = (engine, transaction, unused)
    }

    /// What services set, and what is of one workspace.
    private static let foreign: Set<String> = [
        "id", "version", "create_time", "update_time", "delete_time", "number", "built_in", "owner_id", "department_id",
        "default_view", "kind_change", "shared_department_ids", "user_ids", "department_ids", "selection_id",
    ]

    static func isModel(_ field: FieldDescriptor) -> Bool { !foreign.contains(field.name) }

    /// - Parameters:
    ///   - place: where the values stand in the model.
    ///   - condition: which of those that are there may be meant.
    ///   - order: their places in the order in which they are applied; nil for that in which they stand.
    mutating func apply<Value: WireMessage>(
        _ values: [Value], _ place: String, _ type: RecordType, among condition: FilterNode = .set("id"),
        order: [Int]? = nil, name: (Value) -> String
    ) async throws {
        guard !values.isEmpty else { return }
        let there = try await transaction.lock(
            type, for: .update, where: condition, limit: WorkspaceModelMethods.fieldsMax)
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
        if error.reason == "VIEW_NAME_TAKEN" { return IdentityError.ownViewInModel(called) }
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
            let made =
                if let old = try await deleted(called, type) {
                    try await transaction.restore(old) { $0.copyFields(from: sent, only: fields) }
                } else {
                    try await transaction.insert(type, sent.value(Value.self), by: .caller)
                }
            changes.append(ModelChange(object: type.object, name: called, created: true))
            written.append(ModelRecord(type, made, isMade: true))
            return
        }
        let before = there.value(Value.self).message(in: transaction.context.arena)
        if let (old, new) = (there.value(Value.self), value) as? (FieldDefinition, FieldDefinition),
            old.kind != new.kind
        {
            throw IdentityError.kindInModel(
                old.path, old.kind.flatMap { TenantField.Kind($0) }, new.kind.flatMap { TenantField.Kind($0) })
        }
        let stored = try await transaction.update(there, by: .caller) { $0.copyFields(from: sent, only: fields) }
        let changed = fields.filter { !stored.hasSame($0, as: before) }
        if changed.isEmpty {
            unchangedCount += 1
        } else {
            changes.append(
                ModelChange(
                    object: type.object, name: called, changedFields: changed.map(\.name),
                    fieldChanges: changed.map { ModelFieldChange($0, from: before, to: stored).naming(roleNames) }))
            written.append(ModelRecord(type, stored, isMade: false))
        }
    }

    /// An object of the name that was deleted and shows nothing of the past: it comes back, since no other can have its name.
    private func deleted(_ called: String, _ type: RecordType) async throws -> LoadedRecord? {
        guard type.object == ObjectDefinition.entry.object, let id = unused[called] else { return nil }
        return try await transaction.loadDeleted(type, id)
    }
}

/// A record that an application of a model wrote, with the version that it got.
struct ModelRecord {
    let object: String
    let id: RecordID
    let version: Int64
    /// It was not there before, or had been deleted.
    let isMade: Bool

    init(object: String, id: RecordID, version: Int64, isMade: Bool) {
        (self.object, self.id, self.version, self.isMade) = (object, id, version, isMade)
    }

    init(_ type: RecordType, _ stored: Message, isMade: Bool) {
        guard let id = stored.id("id") else { preconditionFailure("a stored record has an id") }
        self.init(object: type.object, id: id, version: stored.int("version") ?? 0, isMade: isMade)
    }
}

extension ModelFieldChange {
    /// With roles by their names, where a model has them so.
    func naming(_ roles: [String: String]) -> ModelFieldChange {
        guard let name = ["shared_role_ids": "shared_roles", "role_ids": "roles"][field ?? ""] else { return self }
        return ModelFieldChange(
            field: name, removed: removed.map { roles[$0] ?? $0 }, added: added.map { roles[$0] ?? $0 })
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
    func hasSame(_ field: FieldDescriptor, as other: Message) -> Bool {
        let (own, others) = (Message.make(descriptor, in: arena), Message.make(descriptor, in: arena))
        own.copyFields(from: self, only: [field])
        others.copyFields(from: other, only: [field])
        return WireCodec.encode(own) == WireCodec.encode(others)
    }
}
