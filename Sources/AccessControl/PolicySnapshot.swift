import Synchronization
package import Tenancy
package import WorkingTime

/// Everything that decides who may do what in one tenant at one moment. Immutable; the rights of a user are compiled
/// when first asked for and kept, so that a decision afterwards is a few look-ups.
package final class PolicySnapshot: Sendable {
    package let tenantID: TenantID
    /// Version of the policy; rises with every change.
    package let epoch: Int64
    /// The tenant may be served.
    package let isActive: Bool
    /// Where each service keeps the tenant's data, as far as that was told with the policy.
    private let placements: [Placement]
    /// What the workspace has set for itself, in the order in which it holds: never empty.
    private let settingsInOrder: [WorkspaceSettings]
    /// The fields that the workspace has added to its records.
    package let model: TenantModel
    /// The tags of the workspace, without those that were deleted.
    let tags: [RecordID: PolicyTag]
    /// The sharing rules of the workspace, by kind of records.
    let rules: [String: SharingRules]
    /// By kind, those whose records follow its records.
    let followers: [String: [String]]

    private let roles: [RecordID: PolicyRole]
    private let users: [UserID: PolicyUser]
    /// Deleted departments included.
    private let tree: UnitTree
    private let deletedUnits: Set<RecordID>
    /// Compiled rights; at most one entry for each user of the snapshot.
    private let compiled = Mutex<[UserID: UserAccess]>([:])
    /// What was made of the sharing rules of a kind of records.
    private let madeOfRules = Mutex<[String: any Sendable]>([:])

    package init(
        tenantID: TenantID, epoch: Int64, isActive: Bool, roles: [PolicyRole], units: [PolicyUnit],
        users: [PolicyUser], placements: [Placement] = [], settings: WorkspaceSettings = WorkspaceSettings(),
        upcomingSettings: [WorkspaceSettings] = [], model: TenantModel = .empty, tags: [PolicyTag] = [],
        sharingRules: [PolicySharingRule] = []
    ) {
        self.tenantID = tenantID
        self.epoch = epoch
        self.isActive = isActive
        self.placements = placements
        settingsInOrder = [settings] + upcomingSettings
        self.model = model
        self.tags = Dictionary(tags.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        rules = Dictionary(grouping: sharingRules, by: \.object).mapValues(SharingRules.init)
        followers = Dictionary(grouping: sharingRules.filter { $0.following != nil }) { $0.following?.object ?? "" }
            .mapValues { Set($0.map(\.object)).sorted() }
        self.roles = Dictionary(roles.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.users = Dictionary(users.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        tree = UnitTree(units)
        deletedUnits = Set(units.filter(\.isDeleted).map(\.id))
    }

    /// The same with another model.
    private init(_ other: PolicySnapshot, _ model: TenantModel) {
        (tenantID, epoch, isActive) = (other.tenantID, other.epoch, other.isActive)
        (placements, settingsInOrder, self.model) = (other.placements, other.settingsInOrder, model)
        (tags, rules, followers) = (other.tags, other.rules, other.followers)
        (roles, users) = (other.roles, other.users)
        (tree, deletedUnits) = (other.tree, other.deletedUnits)
    }

    /// The same where the workspace has another model: one that a transaction has made and that nobody else knows yet.
    package func with(_ model: TenantModel) -> PolicySnapshot { PolicySnapshot(self, model) }

    /// Where a service keeps the tenant's data; nil when the policy does not tell.
    package func placement(of service: ServiceName) -> Placement? {
        placements.first { $0.service == service }
    }

    /// What the workspace has set for itself, as far as it holds now: what begins to hold is known before, so that all services go by it from the same moment on.
    package var settings: WorkspaceSettings { settings(at: .now()) }

    /// What holds at a moment. Of the past only what this policy knows.
    package func settings(at moment: Timestamp) -> WorkspaceSettings {
        settingsInOrder.last { $0.effectiveTime ?? moment <= moment } ?? settingsInOrder[0]
    }

    /// What `make` makes of the sharing rules of a kind of records, made once; nil where there are none.
    package func madeOfRules<Made: Sendable>(of object: String, _ make: ([PolicySharingRule]) -> Made) -> Made? {
        guard let rules = rules[object] else { return nil }
        if let known = madeOfRules.withLock({ $0[object] }) as? Made { return known }
        let made = make(rules.all)
        madeOfRules.withLock { $0[object] = made }
        return made
    }

    /// When a user works, by the settings of a moment; what all do for a user who is not known. Its hours are those of the settings' time zone.
    package func workPlan(of user: UserID, at moment: Timestamp) -> WorkPlan {
        settings(at: moment).calendar.plan(of: user, in: unit(of: user).map(tree.chain(to:)) ?? [])
    }

    /// When a department works.
    package func workPlan(ofUnit unit: RecordID, at moment: Timestamp) -> WorkPlan {
        settings(at: moment).calendar.plan(of: nil, in: tree.chain(to: unit))
    }

    /// The rights of a user. Nil for a user whom the snapshot does not know (disabled, deleted, of another tenant) and
    /// for everyone when the tenant is not active: such a caller may do nothing at all.
    package func access(of user: UserID) -> UserAccess? {
        guard isActive else { return nil }
        if let known = compiled.withLock({ $0[user] }) { return known }
        guard let source = users[user] else { return nil }
        let access = compile(source)
        return compiled.withLock { cache in
            let first = cache[user] ?? access
            cache[user] = first
            return first
        }
    }

    /// The rights of an actor: nil besides for one in another tenant.
    ///
    /// A program on behalf of a user has what the user has by this policy, so none once he is disabled or gone. On behalf of the
    /// workspace itself it has what its purpose needs, in a workspace that is not active, too: that is how it is made ready.
    package func access(of actor: TenantActor) -> UserAccess? {
        guard actor.tenantID == tenantID else { return nil }
        switch actor.actor {
        case .user(let user), .program(_, .some(let user)): return access(of: user)
        case .program(let purpose, nil): return UserAccess(of: purpose)
        }
    }

    /// The rights of a caller: nil besides for operators.
    package func access(of caller: Caller) -> UserAccess? { TenantActor(caller).flatMap { access(of: $0) } }

    /// The user exists and may sign in, and so may own records.
    package func hasUser(_ user: UserID) -> Bool { users[user] != nil }

    /// The department exists and was not deleted, and so may be given to users and records.
    package func hasUnit(_ unit: RecordID) -> Bool { tree.contains(unit) && !deletedUnits.contains(unit) }

    /// The role exists.
    package func hasRole(_ role: RecordID) -> Bool { roles[role] != nil }

    /// The department of a user; nil without a known one.
    package func unit(of user: UserID) -> RecordID? {
        users[user]?.unitID.flatMap { hasUnit($0) ? $0 : nil }
    }

    /// The rights that a user would have with the same roles in a department; nil for whom `access` is nil. Compiled each time.
    package func access(of user: UserID, in unit: RecordID) -> UserAccess? {
        guard isActive, let source = users[user] else { return nil }
        return compile(PolicyUser(id: user, unitID: unit, roleIDs: source.roleIDs))
    }

    private func compile(_ user: PolicyUser) -> UserAccess {
        let unit = user.unitID.flatMap { hasUnit($0) ? $0 : nil }
        return UserAccess(
            userID: user.id, unitID: unit, subtree: unit.map(tree.subtree(of:)) ?? [],
            path: unit.map(tree.path(to:)) ?? [],
            roles: Set(user.roleIDs).compactMap { roles[$0] }.sorted { $0.id < $1.id })
    }
}

/// Where policies come from: pushed by identity to the services, made up in tests.
package protocol PolicySource: Sendable {
    /// The policy of a tenant, at least as new as `minEpoch`. Throws UNAVAILABLE when it cannot be had within seconds or no
    /// change ever had that epoch, and NOT_FOUND or PERMISSION_DENIED when the tenant is not served.
    func snapshot(of tenant: TenantID, minEpoch: Int64) async throws -> PolicySnapshot

    /// Throws UNAVAILABLE when nothing was heard from identity for so long that a right may have been withdrawn
    /// without this process knowing: writes fail closed then.
    func requireFreshForWrite() throws
}
