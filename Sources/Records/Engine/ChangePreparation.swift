import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Makes a change ready to be stored: defaults, checks of fields, owner and references.
struct ChangePreparation {
    let engine: RecordEngine
    let call: RecordCall
    /// Put before the names of fields in errors, as in `account.`.
    let path: String

    private var type: RecordType { call.type }
    private var standard: StandardFields { call.type.standard }

    /// A new record from what the client sent: what the service sets is set, defaults are filled in.
    func newRecord(from sent: Message) throws -> RecordChange {
        let record = sent.copy()
        for field in type.fields {
            if field.isOutputOnly { record.clear(field.descriptor) } else { field.normalizeTexts(in: record) }
        }
        if !record.has(standard.id.descriptor) { record.setID(standard.id.descriptor, RecordID.make()) }
        record.setInt64(standard.version.descriptor, 1)
        record.set(standard.createTime.name, call.now)
        record.set(standard.updateTime.name, call.now)
        fillOwner(of: record, isOwnerChanged: true)
        let change = RecordChange(.create, call, before: nil, after: record)
        try type.hooks.prepare?(change)
        return change
    }

    /// The owner defaults to the caller, the department to the owner's.
    func fillOwner(of record: Message, isOwnerChanged: Bool) {
        guard let owner = standard.owner, let department = standard.department else { return }
        if !record.has(owner.descriptor) { record.setID(owner.descriptor, call.caller.userID.id) }
        guard isOwnerChanged, !record.has(department.descriptor), let user = record.id(owner.descriptor),
            let unit = call.policy.unit(of: UserID(user))
        else { return }
        record.setID(department.descriptor, unit)
    }

    /// Checks fields, owner and department, and runs the validating hook. Throws INVALID_ARGUMENT with every
    /// violation. Texts that a hook set are normalized as those that came in.
    func validate(_ change: RecordChange, fields: [RecordField]) throws {
        for field in fields { field.normalizeTexts(in: change.after) }
        var violations = RecordValidator.violations(in: change.after, fields: fields)
        if violations.isEmpty {
            for field in fields { field.normalize(change.after) }
            violations += unknownPeople(change.after, fields)
            violations += type.hooks.validate?(change) ?? []
        }
        guard !violations.isEmpty else { return }
        throw RPCError.invalidArgument(
            violations.map {
                FieldViolation(field: path + $0.field, reason: $0.reason, description: $0.description)
            },
            domain: RecordErrors.domain)
    }

    /// Owners, users and departments that the tenant does not have.
    private func unknownPeople(_ record: Message, _ fields: [RecordField]) -> [FieldViolation] {
        fields.filter { record.has($0.descriptor) }.flatMap { field -> [FieldViolation] in
            let isKnown: (RecordID) -> Bool
            if field.role == .owner || field.rules.reference == .user {
                isKnown = { call.policy.hasUser(UserID($0)) }
            } else if field.role == .department || field.rules.reference == .department {
                isKnown = call.policy.hasUnit
            } else {
                return []
            }
            guard !field.ids(in: record).allSatisfy(isKnown) else { return [] }
            return [
                FieldViolation(
                    field: field.name, reason: RecordReason.referenceNotFound.rawValue,
                    description: "\(field.name) names nobody and nothing in this workspace.")
            ]
        }
    }

    /// The new owner and department must be within the scope of the caller's right.
    func requireScope(_ action: Action, _ change: RecordChange) throws {
        guard call.predicate(action).admits(owner: change.owner, unit: change.department) else {
            throw RecordErrors.outOfScope(action, type)
        }
    }
}

// References to records.
extension ChangePreparation {
    /// Checks the references to records of other services that the changes make. Comes before the transaction, which
    /// must not wait for another service.
    func checkRemoteReferences(_ changes: [RecordChange]) async throws {
        for field in type.fields {
            guard case .remote(let object, let service) = field.rules.reference else { continue }
            let ids = Array(Set(changes.flatMap { newReferences($0, field) }))
            guard !ids.isEmpty else { continue }
            if try await existingRemotely(ids, object, service).count < ids.count {
                throw referenceNotFound(field)
            }
        }
    }

    /// Checks the references to records of this service that the changes make, and keeps those records from being
    /// deleted until the transaction ends.
    func checkReferences(_ changes: [RecordChange], in transaction: RecordTransaction) async throws {
        for field in type.fields {
            guard case .record(let object) = field.rules.reference, let target = engine.type(object) else {
                continue
            }
            let ids = Array(Set(changes.flatMap { newReferences($0, field) }))
            guard !ids.isEmpty else { continue }
            let found = try await engine.existing(ids, try call.with(target), locking: transaction)
            if found.count < ids.count { throw referenceNotFound(field) }
        }
    }

    /// Some change makes a reference to a record of this service.
    func hasLocalReferences(_ change: RecordChange) -> Bool {
        type.fields.contains { field in
            guard case .record = field.rules.reference else { return false }
            return !newReferences(change, field).isEmpty
        }
    }

    /// The ids that a field holds after the change and did not hold before.
    private func newReferences(_ change: RecordChange, _ field: RecordField) -> [RecordID] {
        guard let before = change.before else { return field.ids(in: change.after) }
        let old = Set(field.ids(in: before))
        return field.ids(in: change.after).filter { !old.contains($0) }
    }

    /// Those of the records of another service that live and that the caller may read. Throws what the checker throws when
    /// the service cannot be asked.
    func existingRemotely(_ ids: [RecordID], _ object: String, _ service: ServiceName) async throws -> Set<
        RecordID
    > {
        guard let checker = engine.references else { return [] }
        let references = ids.map { RecordReference(object: object, id: $0) }
        let answers = try await checker.check(references, in: service, for: call.context)
        return Set(zip(ids, answers).filter { $0.1 }.map(\.0))
    }

    func referenceNotFound(_ field: RecordField) -> RPCError {
        RecordErrors.invalid(
            .referenceNotFound, "\(field.name) names no record that exists and that you may read.",
            field: path + field.name)
    }
}

extension RecordField {
    /// The ids that a field of one or several ids holds.
    func ids(in record: Message) -> [RecordID] {
        switch kind {
        case .id: record.id(descriptor).map { [$0] } ?? []
        case .idArray: record.strings(descriptor).compactMap { RecordID($0) }
        default: []
        }
    }

    /// Brings a valid value into the form in which it is stored: ids in lower case, times in microseconds.
    func normalize(_ record: Message) {
        guard record.has(descriptor) else { return }
        switch kind {
        case .id: if let id = record.id(descriptor) { record.setID(descriptor, id) }
        case .idArray: record.setStrings(descriptor, ids(in: record).map(\.text))
        case .time(let fields):
            if let time = record.message(descriptor)?.timestamp(fields) {
                record.makeMessage(descriptor).set(time, fields)
            }
        default: break
        }
    }
}
