package import AccessControl
package import RPC
package import Tenancy
import Wire

/// One call on one record type: who acts, with which rights, when. Made by `RecordEngine.authorise`.
package struct RecordCall: Sendable {
    package let context: CallContext
    package let actor: TenantActor
    /// With the fields that the workspace has added to it.
    package let type: RecordType
    /// The rights on the record type.
    package let access: ObjectAccess
    package let policy: PolicySnapshot
    /// The moment that everything written in this call bears.
    package let now: Timestamp
    /// The rights on its fields.
    package let rights: FieldRights
    /// The records by which others may be let at those of this kind, for a use: kinds of which the caller may read some, and change some where it is for
    /// writing. Found once: each record that is loaded asks for it.
    private let parents: [ShareUse: [SharedParents]]
    let types: RecordTypes

    /// The same call, looked at from another record type.
    func with(_ other: RecordType) throws -> RecordCall {
        guard let user = policy.access(of: actor) else { throw RecordErrors.userUnknown() }
        return RecordCall(
            context: context, actor: actor, type: other, user: user, policy: policy, now: now, types: types)
    }

    /// The same call, looked at as another user of the workspace would see it; nil for one who may do nothing.
    func acting(as user: UserID) -> RecordCall? {
        policy.access(of: user).map { access in
            RecordCall(
                context: context, actor: actor.asking(for: user), type: type, user: access, policy: policy, now: now,
                types: types)
        }
    }

    /// The same call, looked at from the records that a reference names; nil when nothing is known of them here.
    func following(_ target: ReferenceTarget) throws -> RecordCall? {
        try types.type(named: target, in: policy.model).map(with)
    }

    init(
        context: CallContext, actor: TenantActor, type: RecordType, user: UserAccess, policy: PolicySnapshot,
        now: Timestamp, types: RecordTypes
    ) {
        self.context = context
        self.actor = actor
        self.type = type.shaped(by: policy.model)
        access = user.object(type.object)
        self.policy = policy
        self.now = now
        self.types = types
        parents = SharedParents.all(letting: actor, at: self.type, policy, at: now, types)
        // A program by itself has rights on all records of what it works with, and hides nothing.
        var unseen = actor.userID == nil ? [] : self.type.rollUps.filter { !$0.isSeen(by: user) }.map(\.field)
        if actor.userID != nil, let selections = type.standard.selections, !Self.tellsMarks(type, policy, user) {
            unseen.append(selections)
        }
        if actor.userID != nil { unseen += self.type.successions.map(\.next) }
        rights = FieldRights(
            self.type, access, tags: type.standard.tags.map { _ in policy.tags(seenBy: user) }, unseen: unseen)
    }

    func parents(for use: ShareUse) -> [SharedParents] { parents[use] ?? [] }

    /// Selects the records that the caller may do the action with. Whoever may do it with some of a kind that can be shared does it with
    /// those that are shared with him for that, too, and with all where the object opens them to everybody.
    func predicate(_ action: Action) -> ScopePredicate {
        let scope = scope(action)
        guard let use = type.standard.sharing?.use(of: action), scope != .none, scope != .all else { return scope }
        if isOpen(for: action) { return .all }
        return .shared(
            scope, with: access.audience, for: use, by: rules(for: use).map(\.selection), through: parents(for: use))
    }

    /// The workspace has opened all records of the object to whoever may do the action with some of them.
    func isOpen(for action: Action) -> Bool {
        guard let use = type.standard.sharing?.use(of: action), scope(action) != .none else { return false }
        return type.own?.openness == .writing || type.own?.openness == use
    }

    /// Selects those that are shared with the caller for the action.
    func shared(_ action: Action) -> ScopePredicate {
        guard let use = type.standard.sharing?.use(of: action), scope(action) != .none else { return .none }
        return .shared(.none, with: access.audience, for: use, by: rules(for: use).map(\.selection))
    }

    /// The sharing rules that let the caller at what they select, at the moment of the call.
    private func rules(for use: ShareUse) -> [PolicySharingRule] {
        guard type.standard.selections != nil else { return [] }
        return policy.sharingRules(of: type.object, reaching: access.audience, for: use, at: now)
    }

    /// When the first of them ends that let the caller read, or of those by which what belongs to others is read; nil when none does.
    var sharingEnd: Timestamp? {
        (rules(for: .reading).compactMap { $0.end(for: access.audience) } + [parentsEnd].compactMap(\.self)).min()
    }

    /// Those of them that let the caller do the action with a record.
    func rules(allowing action: Action, of record: Message) -> [PolicySharingRule] {
        guard let use = type.standard.sharing?.use(of: action), scope(action) != .none else { return [] }
        let selections = type.selections(of: record)
        return rules(for: use).filter { selections.contains($0.selection) }
    }

    /// Whether the caller is told which roles other users have.
    var readsRolesOfUsers: Bool {
        guard let user = policy.access(of: actor)?.object("user") else { return false }
        return user.scope(.read) > .none && user.level(of: "role_ids") >= .read
    }

    /// Selects those of them that the scope of the action covers, whatever is shared.
    func scope(_ action: Action) -> ScopePredicate { access.predicate(action, ownership: type.ownership) }

    /// Whether a role grants the action on some records at least.
    package func may(_ action: Action) -> Bool { predicate(action) != .none }

    /// Throws PERMISSION_DENIED when no role grants the action at all, whatever the record.
    package func require(_ action: Action) throws {
        if !may(action) { throw RecordErrors.permissionMissing(action, type) }
    }

    var deadline: UInt64 { context.deadline.nanoseconds }
}
