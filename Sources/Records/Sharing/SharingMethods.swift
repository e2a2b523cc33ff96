import AccessControl
package import Contracts
import Postgres
package import RPC
import Tenancy
import Wire

/// SharingService of a service: lets others at single records, for every kind of records that has owners. A share is a value in the field `shares`
/// of its record, which only these methods change, by the write path of all records; who may do what by it the scope predicate says.
package struct SharingMethods: Sendable {
    /// Sees to it that a share of a record ends when its time has come, from the transaction that makes it.
    package typealias Ending = @Sendable (_ ending: ShareEnding, RecordTransaction) async throws -> Void

    private let engine: RecordEngine
    private let ending: Ending

    /// Shares of a record: they are read with it, and looked through for each reader.
    static let sharesMax = 100

    package init(_ engine: RecordEngine, ending: @escaping Ending) {
        (self.engine, self.ending) = (engine, ending)
    }

    package func register(_ service: SharingServiceOf, on router: inout Router) {
        router.serve(service.shareRecord, shareRecord)
        router.serve(service.unshareRecord, unshareRecord)
        router.serve(service.listShares, listShares)
        router.serve(service.explainAccess, explainAccess)
        router.serve(service.listSharingProgress, listSharingProgress)
    }

    private func shareRecord(_ request: ShareRecordRequest, _ context: CallContext) async throws -> ShareRecordResponse
    {
        let call = try await call(context, on: request.object, writes: true)
        return try await engine.transaction(context, request: request) { transaction in
            let (record, field) = try await load(request.id, call, transaction)
            let team = try Self.team(request.share)
            let share = try share(request.share, of: record)
            let all = record.type.shareForms(of: record.message)
            let same = all.first { ShareForm.share($0)?.subject.id == share.subject.id }
            guard same.flatMap(ShareForm.share) != share || same?.teamRole != team else {
                return ShareRecordResponse(version: record.version, shares: record.shares)
            }
            let others = record.shares.filter { ShareForm.share($0)?.subject.id != share.subject.id }
            guard others.count < Self.sharesMax else { throw RecordErrors.sharesTooMany(record.type) }
            let form = ShareForm.form(share, as: team, by: transaction.actor.userID, at: transaction.now)
            let version = try await store(others + [form], field, of: record, transaction)
            if let end = share.end {
                try await ending(ShareEnding(object: record.type.object, id: record.id, time: end), transaction)
            }
            return ShareRecordResponse(version: version, shares: others + [form])
        }
    }

    private func unshareRecord(_ request: UnshareRecordRequest, _ context: CallContext) async throws
        -> UnshareRecordResponse
    {
        let call = try await call(context, on: request.object, writes: true)
        return try await engine.transaction(context, request: request) { transaction in
            let (record, field) = try await load(request.id, call, transaction)
            let subject = ShareForm.subject(
                user: request.userID, department: request.departmentID, includingBelow: true, role: request.roleID)
            guard let subject else { throw RecordErrors.shareSubjectInvalid("") }
            let left = record.shares.filter { ShareForm.share($0)?.subject.id != subject.id }
            guard left.count < record.shares.count else { throw RecordErrors.shareNotFound(record.type) }
            return UnshareRecordResponse(version: try await store(left, field, of: record, transaction), shares: left)
        }
    }

    private func listShares(_ request: ListSharesRequest, _ context: CallContext) async throws -> ListSharesResponse {
        let call = try await call(context, on: request.object, writes: false)
        try call.require(.read)
        try call.rights.requireReadable(Self.field(of: call.type))
        let record = try await record(request.id, call)
        return ListSharesResponse(
            shares: call.type.shareForms(of: record).filter { ShareForm.share($0)?.holds(at: call.now) == true })
    }

    private func explainAccess(_ request: ExplainAccessRequest, _ context: CallContext) async throws
        -> ExplainAccessResponse
    {
        let call = try await call(context, on: request.object, writes: false)
        try call.require(.read)
        let record = try await record(request.id, call)
        let field = try Self.field(of: call.type)
        guard let name = request.userID else { return try await explanation(call, call, record, field) }
        let user = RecordID(name).map { UserID($0) }
        if user != call.actor.userID {
            try call.require(.update)
            try call.rights.requireWritable([field])
            guard call.scope(.update).admits(owner: call.type.owner(of: record), unit: call.type.department(of: record))
            else { throw RecordErrors.outOfScope(.update, call.type) }
        }
        guard let user, let other = call.acting(as: user) else { throw RecordErrors.shareSubjectInvalid("") }
        return try await explanation(other, call, record, field)
    }

    private func listSharingProgress(
        _ request: ListSharingProgressRequest, _ context: CallContext
    ) async throws -> ListSharingProgressResponse {
        let access = try await engine.access(context, to: PolicySharingRule.grantName, writes: false).access
        guard access.scope(.read) > .none else { throw RecordErrors.rulesNotReadable() }
        let policy = try await engine.policy(context)
        let places = try await SharingPlace.all(engine, context)
        var progress: [SharingProgress] = []
        for object in policy.sharedObjects {
            guard let type = engine.type(object, in: policy.model), type.standard.selections != nil else { continue }
            let wanted = policy.sharingRules(of: object).map(\.selection)
            let place = places[object].flatMap { Set($0.selections).isSuperset(of: wanted) ? $0 : nil }
            let call = try await engine.open(context, type, writes: false)
            progress.append(
                SharingProgress(
                    object: object, selectionIDs: wanted.map(\.text), lookedCount: place?.lookedCount ?? 0,
                    changedCount: place?.changedCount ?? 0, complete: place.map { $0.lookedTo == nil } ?? false,
                    unusableSelectionIDs: call.sharingSelections?.unusable.map(\.text) ?? []))
        }
        return ListSharingProgressResponse(progress: progress)
    }
}

// The steps.
extension SharingMethods {
    /// - Throws: NOT_FOUND with OBJECT_UNKNOWN, FAILED_PRECONDITION with OBJECT_UNOWNED.
    private func call(_ context: CallContext, on object: String?, writes: Bool) async throws -> RecordCall {
        guard let type = engine.type(object ?? "", in: try await engine.model(context)),
            case let call = try await engine.open(context, type, writes: writes), !call.actions.isEmpty
        else { throw RecordErrors.objectUnknown(object ?? "", known: []) }
        _ = try Self.field(of: type)
        return call
    }

    private static func field(of type: RecordType) throws -> RecordField {
        guard let field = type.standard.sharing?.shares else { throw RecordErrors.objectUnowned(type) }
        return field
    }

    private func record(_ id: String?, _ call: RecordCall) async throws -> Message {
        let id = try RecordEngine.id(id, field: "id")
        return try call.type.record(try await engine.row(id, call, .living), in: call.context.arena)
    }

    /// The record, locked, for whoever may say with whom it is shared: to change it by a share is not enough.
    private func load(
        _ id: String?, _ call: RecordCall, _ transaction: RecordTransaction
    ) async throws -> (LoadedRecord, RecordField) {
        let field = try Self.field(of: call.type)
        let call = try await transaction.call(call.type)
        try call.require(.update)
        try call.rights.requireWritable([field])
        let record = try await transaction.load(call.type, id: id, for: .update)
        try record.requireWithin(call.scope(.update), .update)
        return (record, field)
    }

    /// What a share makes a user in the team of the record: access, where it is said, is that of a member.
    private static func team(_ form: RecordShare?) throws -> TeamRole? {
        guard let form, let team = form.teamRole, team != .unspecified else { return nil }
        guard [.coOwner, .follower].contains(team), form.userID != nil,
            [nil, .unspecified, ShareForm.access(of: team)].contains(form.access)
        else { throw RecordErrors.teamRoleInvalid() }
        return team
    }

    /// What is asked for, as it can be.
    private func share(_ form: RecordShare?, of record: LoadedRecord) throws -> Share {
        let policy = record.call.policy
        var form = form
        if let team = form?.teamRole, team != .unspecified { form?.access = ShareForm.access(of: team) }
        guard let share = form.flatMap(ShareForm.share), policy.has(share.subject) else {
            throw RecordErrors.shareSubjectInvalid("share.")
        }
        if share.subject == record.call.actor.userID.map({ .user($0) }) { throw RecordErrors.shareNeedless("yourself") }
        if share.subject.id == record.owner { throw RecordErrors.shareNeedless("its owner") }
        guard share.holds(at: record.foundAt) else { throw RecordErrors.shareTimePast() }
        if let end = share.end, !end.isTellable { throw RecordErrors.shareTimeInvalid() }
        return share
    }

    private func store(
        _ shares: [RecordShare], _ field: RecordField, of record: LoadedRecord, _ transaction: RecordTransaction
    ) async throws -> Int64 {
        let stored = try await transaction.update(record, by: .program) { message in
            message.setMessages(field.descriptor, shares.map { $0.message(in: message.arena) })
        }
        return stored.int64(record.type.standard.version.descriptor)
    }

    /// - Parameters:
    ///   - call: of the user whose access it is.
    ///   - asker: who is told.
    private func explanation(
        _ call: RecordCall, _ asker: RecordCall, _ record: Message, _ field: RecordField
    ) async throws -> ExplainAccessResponse {
        let type = call.type
        let (owner, unit) = (type.owner(of: record), type.department(of: record))
        let shares = type.shareForms(of: record)
        let tells = asker.rights.isReadable(field)
        var following: [ShareUse: Following] = [:]
        for use in [ShareUse.reading, .writing] {
            following[use] = try await self.following(call, asker, record, use)
        }
        let tellsRoles = call.actor.userID == asker.actor.userID || asker.readsRolesOfUsers
        return ExplainAccessResponse(
            actions: [Action.read, .update, .delete].map { [following] action in
                let explanation = call.access.explain(action, ownership: type.ownership, owner: owner, unit: unit)
                let shared = call.shared(action)
                let allowing = shares.filter { form in
                    ShareForm.share(form).map { shared.admits(owner: nil, unit: nil, shares: [$0], at: call.now) }
                        ?? false
                }
                let rules = call.rules(allowing: action, of: record)
                let use = call.scope(action) == .none ? nil : type.standard.sharing?.use(of: action)
                let through = use.flatMap { following[$0] } ?? Following()
                let ruleIDs = rules.map(\.id.text) + through.rules
                let (isWithin, isOpen) = (explanation.isAllowed, call.isOpen(for: action))
                return ActionAccess(
                    action: action.name, allowed: isWithin || isOpen || !allowing.isEmpty || !ruleIDs.isEmpty,
                    inScope: isWithin,
                    scope: call.actions.first { $0.action == action.name }?.scope,
                    roleIDs: tellsRoles ? explanation.contributions.map(\.roleID.text) : [],
                    shares: tells ? allowing : [], sharingRuleIDs: tells ? ruleIDs : [],
                    byDefault: isOpen ? true : nil, parentIDs: tells ? through.parents : [])
            })
    }

    /// What lets somebody at a record by what it belongs to.
    private struct Following {
        var rules: [String] = []
        /// As far as whoever asks may read them.
        var parents: [String] = []
    }

    private func following(
        _ call: RecordCall, _ asker: RecordCall, _ record: Message, _ use: ShareUse
    ) async throws -> Following {
        guard let id = record.id(call.type.standard.id.descriptor) else { return Following() }
        var found = Following()
        let borne = call.type.selections(of: record)
        for one in call.parents(for: use) {
            let rules = call.policy.sharingRules(of: call.type.object).filter {
                one.rules.contains($0.selection) && borne.contains($0.selection)
            }
            guard !rules.isEmpty, let paths = call.parentPaths(to: one.object) else { continue }
            var parameters = Parameters()
            parameters.append(id)
            let reached = one.reached(paths.parent, call.access.audience, use, &parameters)
            let text =
                "SELECT \(paths.ids(reached)) FROM \(call.type.source) WHERE \(call.type.standard.id.column) = $1"
            let row = try await engine.read(asker.context, Query(engine.statement(text), parameters)).first
            let parents = try row?.ids(0) ?? []
            guard !parents.isEmpty else { continue }
            let readable = try await engine.existing(parents, try asker.with(paths.parent))
            found.rules += rules.map(\.id.text)
            found.parents += parents.filter(readable.contains).map(\.text)
        }
        return found
    }
}

extension LoadedRecord {
    fileprivate var version: Int64 { message.int64(type.standard.version.descriptor) }

    /// Its shares that have not ended.
    fileprivate var shares: [RecordShare] {
        type.shareForms(of: message).filter { ShareForm.share($0)?.holds(at: foundAt) == true }
    }
}

extension PolicySnapshot {
    fileprivate func has(_ subject: ShareSubject) -> Bool {
        switch subject {
        case .user(let user): hasUser(user)
        case .unit(let unit, _): hasUnit(unit)
        case .role(let role): hasRole(role)
        }
    }
}
