import AccessControl
import Postgres
import RPC
import Tenancy
import Wire

/// Who says what a change shall be.
package enum ChangeAuthor: Sendable {
    /// The actor, as a user by a call or a program by itself: its rights on fields hold, and what is set on creation only stays.
    case caller
    /// The program, on behalf of the actor: a method or rule that has decided itself what the actor may have it write.
    case program
}

/// Makes a change ready to be stored: defaults, checks of fields, owner and references.
struct ChangePreparation {
    let engine: RecordEngine
    let call: RecordCall
    /// Put before the names of fields in errors, as in `account.`.
    let path: String

    private var type: RecordType { call.type }
    private var standard: StandardFields { call.type.standard }

    /// A new record from what was sent: what the service sets is set, defaults are filled in, and everything is validated.
    func creation(from sent: Message, by author: ChangeAuthor, cause: RecordChange? = nil) throws -> RecordChange {
        let record = try type.taken(sent, path)
        let brought = author == .caller ? type.customFields.filter { $0.isReadOnly && record.has($0.descriptor) } : []
        if author == .caller {
            try call.rights.requireWritable(type.fields.filter { !$0.isOutputOnly && record.has($0.descriptor) })
            if !call.may(.import) { try refuseReadOnly(brought) }
        }
        for field in type.customFields { field.fillDefault(in: record) }
        for field in type.fields {
            if field.isOutputOnly, author == .caller || field.role?.isSetByEngine == true, field.rules.typedOf == nil {
                record.clear(field.descriptor)
            } else {
                field.normalizeTexts(in: record, call.forms)
            }
        }
        // Nothing names what is not there yet.
        for field in type.customFields where field.added?.rollUp?.function == .count {
            record.setInt64(field.descriptor, 0)
        }
        if let tags = standard.tags, record.has(tags.descriptor) {
            let ids = tags.ids(in: record)
            // What is no id is refused below.
            if ids.count == record.count(tags.descriptor) {
                record.setStrings(tags.descriptor, Set(ids).sorted().map(\.text))
            }
        }
        let hasID = record.has(standard.id.descriptor)
        if !hasID { record.setID(standard.id.descriptor, RecordID.make()) }
        record.setInt64(standard.version.descriptor, 1)
        record.set(standard.createTime.name, call.now)
        record.set(standard.updateTime.name, call.now)
        fillOwner(of: record, isOwnerChanged: true)
        let change = RecordChange(.create, call, before: nil, after: record, cause: cause)
        change.hasChosenID = hasID
        try type.rules.fill?(change)
        // What is brought from elsewhere keeps what it had there: by who may import such a record, not just any.
        if !call.predicate(.import).admits(owner: change.owner, unit: change.department) { try refuseReadOnly(brought) }
        try validate(change, fields: type.fields)
        return change
    }

    /// An edit of a stored record, filled and validated.
    ///
    /// - Parameters:
    ///   - after: the record with its new values.
    ///   - named: the fields that the edit names; nil for those that differ.
    func edit(
        of before: Message, to after: Message, naming named: [RecordField]? = nil, by author: ChangeAuthor,
        cause: RecordChange? = nil
    ) throws -> RecordChange {
        let change = RecordChange(.update, call, before: before, after: after, cause: cause)
        let fields = named ?? change.changedFields
        for field in fields {
            field.normalizeTexts(in: after, call.forms)
            field.normalize(after)
        }
        if author == .caller {
            try call.rights.requireWritable(fields)
            for field in fields where field.isImmutable && !field.isSame(in: before, after) {
                throw RecordErrors.invalid(
                    .fieldImmutable, "\(field.name) is set on creation only.", field: path + field.name)
            }
            try refuseReadOnly(fields.filter { $0.isReadOnly && !$0.isSame(in: before, after) })
        }
        followOwner(after, before, fields)
        try type.rules.fill?(change)
        try validate(change, fields: change.changedFields)
        return change
    }

    private func refuseReadOnly(_ fields: [RecordField]) throws {
        guard let field = fields.first else { return }
        throw RecordErrors.invalid(
            .fieldReadOnly,
            "\(field.name) is changed by nobody: new records get its default, or what is brought with the right to import "
                + "such records of \(type.object). Leave it out.", field: path + field.name)
    }

    /// A record that gets another owner goes to the owner's department, unless the edit names one.
    private func followOwner(_ after: Message, _ before: Message, _ named: [RecordField]) {
        guard let owner = standard.owner, let department = standard.department,
            named.contains(where: { $0.index == owner.index })
        else { return }
        let isNew = !owner.isSame(in: before, after)
        if isNew, !named.contains(where: { $0.index == department.index }) { after.clear(department.descriptor) }
        fillOwner(of: after, isOwnerChanged: isNew)
    }

    /// The owner defaults to the actor's user, the department to the owner's.
    private func fillOwner(of record: Message, isOwnerChanged: Bool) {
        guard let owner = standard.owner, let department = standard.department else { return }
        if !record.has(owner.descriptor), let user = call.actor.userID { record.setID(owner.descriptor, user.id) }
        guard isOwnerChanged, !record.has(department.descriptor), let user = record.id(owner.descriptor),
            let unit = call.policy.unit(of: UserID(user))
        else { return }
        record.setID(department.descriptor, unit)
    }

    /// A text that an index was made over while the record was deleted may be longer than an entry of that is. All else comes back as it was.
    func requireIndexable(_ change: RecordChange) throws {
        let indexed = type.customFields.filter { $0.added?.isIndexed == true }
        let violations = RecordValidator.violations(in: change.after, fields: indexed).filter {
            $0.reason == "TOO_LONG"
        }
        try refuse(
            violations.map {
                FieldViolation(
                    field: $0.field, reason: $0.reason,
                    description:
                        "\($0.description) It is indexed since the record was deleted: take the index away, restore the record and shorten it."
                )
            })
    }

    private func refuse(_ violations: [FieldViolation]) throws {
        guard !violations.isEmpty else { return }
        throw RPCError.invalidArgument(
            violations.map {
                FieldViolation(field: path + $0.field, reason: $0.reason, description: $0.description)
            },
            domain: RecordErrors.domain)
    }

    /// Checks fields, owner and department, and runs the validating rule. Throws INVALID_ARGUMENT with every
    /// violation. Texts that a rule set are normalized as those that came in.
    func validate(_ change: RecordChange, fields: [RecordField]) throws {
        for field in fields { field.normalizeTexts(in: change.after, call.forms) }
        var violations = RecordValidator.violations(
            in: change.after, fields: fields, before: change.before.map { .record($0) } ?? .nothing)
        if violations.isEmpty {
            for field in fields { field.normalize(change.after) }
            violations += missingOwner(change.after) + unknownPeople(change.after, fields)
            violations += call.rights.violations(ofTagsIn: change)
            violations += type.rules.validate?(change) ?? []
            if violations.isEmpty {
                // No formula itself, and formulas may use it.
                type.displayText?.set(in: change.after, before: change.before)
                // They leave the room that there is to what people see.
                type.clearSuccessors(in: change.after)
                type.reckonFormulas(in: change.after, call.forms)
                violations += type.setSuccessors(in: change, call.forms)
            }
            if fields.contains(where: \.isCustom) { violations += type.violationOfCustomBytes(in: change.after) }
        }
        try refuse(violations)
    }

    /// A program that works for the workspace itself has no user who could be the owner, and names one.
    private func missingOwner(_ record: Message) -> [FieldViolation] {
        guard let owner = standard.owner, !record.has(owner.descriptor) else { return [] }
        return [FieldViolation(field: owner.name, reason: "REQUIRED", description: "\(owner.name) must be set.")]
    }

    /// Owners, users and departments that the tenant does not have.
    func unknownPeople(_ record: Message, _ fields: [RecordField]) -> [FieldViolation] {
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

    /// A new owner and department must be within the scope of the caller's right, and so must those before: a share moves no record.
    func requireScope(_ change: RecordChange) throws {
        let action: Action
        switch change.kind {
        case .create: action = .create
        case .update: action = .update
        case .delete, .restore: return
        }
        guard change.changesScope else { return }
        let scope = call.scope(action)
        var places = [(change.owner, change.department)]
        // Only where there are shares, or the object is open, may something else have let the caller at it.
        if let before = change.before,
            call.isOpen(for: action) || !type.shares(of: before).isEmpty || !type.selections(of: before).isEmpty
        {
            places.append((type.owner(of: before), type.department(of: before)))
        }
        guard places.allSatisfy({ scope.admits(owner: $0, unit: $1) }) else {
            throw RecordErrors.outOfScope(action, type)
        }
    }
}

// References to records.
extension ChangePreparation {
    /// Checks the references to records of other services that a change makes, and answers them. Comes before the
    /// transaction, which must not wait for another service and takes what was found here as known.
    func checkRemoteReferences(_ change: RecordChange) async throws -> Set<RecordReference> {
        var known: Set<RecordReference> = []
        for field in type.fields {
            guard case .remote(let object, let service) = field.rules.reference else { continue }
            let ids = Array(Set(change.newReferences(field)))
            guard !ids.isEmpty else { continue }
            let found = try await existingRemotely(ids, object, service)
            if found.count < ids.count { throw referenceNotFound(field) }
            known.formUnion(found.map { RecordReference(object: object, id: $0) })
        }
        if let prepare = type.rules.prepare { known.formUnion(try await prepare(change, engine)) }
        return known
    }

    /// Checks the references that a change makes: records of this service are kept from being deleted until the transaction
    /// ends, those of other services must be known to it.
    func checkReferences(_ change: RecordChange, in transaction: RecordTransaction) async throws {
        for field in type.fields {
            guard let reference = field.rules.reference else { continue }
            let ids = Array(Set(change.newReferences(field)))
            guard !ids.isEmpty else { continue }
            switch reference {
            case .record(let object):
                // An object of the workspace's own may be gone.
                guard let target = engine.type(object, in: call.policy.model) else { throw referenceNotFound(field) }
                let found = try await engine.existing(ids, try call.with(target), locking: transaction)
                if found.count < ids.count { throw referenceNotFound(field) }
            case .remote(let object, _):
                let known = ids.allSatisfy {
                    transaction.knownReferences.contains(RecordReference(object: object, id: $0))
                }
                if !known { throw referenceNotFound(field) }
            case .user, .department: continue
            }
        }
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
