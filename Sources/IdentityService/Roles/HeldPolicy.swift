import AccessControl
import Contracts
import Postgres
import RPC
import Records
import ServiceHost
import Tenancy

/// What a change of rights is compared with: the actor's own rights, some roles and the tree of departments, all as
/// the transaction of the change sees them. The tree is held until the transaction ends, so that no department moves
/// between the comparison and the change.
struct HeldPolicy {
    /// What the maker of the change may give and take: the rights of the user, before it. The workspace itself has all rights in it,
    /// and hands them out for the purposes of which that is the object; for others none.
    let ceiling: UserAccess
    /// The living ones among the roles asked for.
    let roles: [RecordID: Contracts.PolicyRole]
    /// What the comparison goes through.
    let catalogue: RoleCatalogue
    private var units: [Contracts.PolicyUnit]

    /// Not the deleted ones, which stay where they are: whoever restores one holds it and waits for the others.
    private static let holdTree = Statement(
        "SELECT FROM {schema}.departments WHERE deleted_at IS NULL ORDER BY id FOR SHARE")

    private static let findUser = Statement(
        """
        SELECT department_id, coalesce(role_ids, '{}'::uuid[]) FROM {schema}.users
        WHERE id = $1 AND deleted_at IS NULL AND disabled IS NOT TRUE
        """)

    /// Holds the tree and reads the actor's user and these roles.
    ///
    /// - Throws: SESSION_INVALID when the user was deleted or disabled meanwhile.
    init(
        roles ids: some Sequence<RecordID>, of catalogue: RoleCatalogue, in transaction: RecordTransaction
    ) async throws {
        self.catalogue = catalogue
        _ = try await transaction.query(HeldPolicy.holdTree)
        units = try PolicyTables.units(await transaction.query(PolicyTables.units))
        let user = try await HeldPolicy.user(of: transaction)
        let wanted = Array(Set(user?.roles ?? []).union(ids))
        let rows = (
            try await transaction.query(PolicyTables.roles(wanted)),
            try await transaction.query(PolicyTables.grants(wanted)),
            try await transaction.query(PolicyTables.fieldPolicies(wanted))
        )
        var roles: [RecordID: Contracts.PolicyRole] = [:]
        for role in try PolicyTables.roles(rows.0, rows.1, rows.2) {
            if let id = role.id.flatMap({ RecordID(bytes: $0) }) { roles[id] = role }
        }
        self.roles = roles
        let ownRoles = user?.roles.compactMap { roles[$0] } ?? HeldPolicy.rolesOfWorkspace(for: transaction.actor)
        ceiling = HeldPolicy.access(
            of: transaction.actor.userID ?? UserID(.make()), ownRoles, in: user?.department, units)
    }

    /// On whose behalf the transaction writes; nil for the workspace itself.
    private static func user(
        of transaction: RecordTransaction
    ) async throws -> (department: RecordID?, roles: [RecordID])? {
        guard let user = transaction.actor.userID else { return nil }
        let find = Query(findUser) { $0.append(user.id) }
        guard let row = try await transaction.query(find).first else { throw IdentityError.sessionInvalid }
        return (try row.optionalID(0), try row.ids(1))
    }

    /// What the workspace itself gives by the program that acts for it.
    private static func rolesOfWorkspace(for actor: TenantActor) -> [Contracts.PolicyRole] {
        guard case .program(let purpose, _) = actor.actor, Purpose.givingRights.contains(purpose) else { return [] }
        return [Contracts.PolicyRole(id: RecordID.make().bytes, grants: BuiltInRole.admin.grants(on: []))]
    }

    /// The rights of somebody who has these roles, as far as they were asked for, and works in this department.
    func access(roles ids: [RecordID], in department: RecordID?) -> UserAccess {
        access(ids.compactMap { roles[$0] }, in: department)
    }

    func access(_ roles: [Contracts.PolicyRole], in department: RecordID?) -> UserAccess {
        HeldPolicy.access(of: UserID(.make()), roles, in: department, units)
    }

    /// The same with a department somewhere else in the tree, or new in it.
    func moving(_ department: RecordID, under parent: RecordID?) -> HeldPolicy {
        var moved = self
        moved.units.removeAll { $0.id == department.bytes }
        moved.units.append(PolicyUnit(id: department.bytes, parentID: parent?.bytes))
        return moved
    }

    private static func access(
        of user: UserID, _ roles: [Contracts.PolicyRole], in department: RecordID?,
        _ units: [Contracts.PolicyUnit]
    ) -> UserAccess {
        let holder = Contracts.PolicyUser(
            id: user.id.bytes, unitID: department?.bytes, roleIDs: roles.compactMap(\.id))
        let policy = TenantPolicy(
            tenantID: RecordID.make().bytes, epoch: 1, active: true, roles: roles, units: units,
            users: [holder])
        guard let access = PolicySnapshot(policy)?.access(of: user) else {
            preconditionFailure("the policy is active and has the user")
        }
        return access
    }
}
