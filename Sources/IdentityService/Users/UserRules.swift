import AccessControl
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// What must hold when a user is changed: roles and department exist, nobody changes a user with more rights than they
/// have or makes one, widens their own rights, locks themselves out, or takes the last admin away.
struct UserRules {
    let change: RecordChange
    let transaction: RecordTransaction
    let catalogue: RoleCatalogue
    let departments: RecordType
    let roles: RecordType

    func check() async throws {
        try refuseOwnEnd()
        // Before any role is held for reading, so that two changes do not wait for each other.
        let adminRole = mayLoseAdmin ? try await transaction.query(AdminRole.hold).first?.id(0) : nil
        if change.kind == .restore {
            try await requirePlace()
        } else if placesUser {
            try await holdRoles()
        }
        let policy = try await HeldPolicy(
            roles: roleIDs(before) + roleIDs(after), of: catalogue, in: transaction)
        try checkRights(policy)
        if let adminRole { try await refuseLastAdmin(adminRole) }
    }

    private var before: User? { change.before?.value(User.self) }
    private var after: User { change.value(User.self) }

    private func roleIDs(_ user: User?) -> [RecordID] { user?.roleIDs.compactMap { RecordID($0) } ?? [] }

    // MARK: Oneself

    private var isOwnUser: Bool { change.after.id("id") == change.actor.userID?.id }

    /// The user changes what is his own to set, by the program that changes nothing else.
    private var isPersonal: Bool {
        if case .program(.updateSelf, _) = change.actor.actor { !placesUser } else { false }
    }

    private func refuseOwnEnd() throws {
        guard isOwnUser else { return }
        if change.kind == .delete { throw IdentityError.ownUser("delete") }
        if isDisabled, change.changes("disabled") { throw IdentityError.ownUser("disable") }
    }

    private var isDisabled: Bool { change.after.flag("disabled") == true }

    // MARK: Rights

    /// The change decides about the rights of the user.
    private var placesUser: Bool {
        switch change.kind {
        case .create, .restore: true
        case .delete: false
        case .update: change.changes("role_ids") || change.changes("department_id")
        }
    }

    /// Compares the user's rights, as they were and as they will be, with the caller's own. An address is a way to
    /// take over a user, and so may be any other field: therefore every change of a user is compared.
    private func checkRights(_ policy: HeldPolicy) throws {
        if isOwnUser, placesUser, policy.ceiling.object("role").scope(.update) < .all {
            throw IdentityError.ownUser(change.changes("role_ids") ? "change the roles of" : "move")
        }
        if let before, !isOwnUser, !isPersonal, change.kind != .restore {
            try policy.check(rights(of: before, policy), .user)
        }
        if placesUser { try policy.check(rights(of: after, policy), .change) }
    }

    private func rights(of user: User, _ policy: HeldPolicy) -> UserAccess {
        policy.access(roles: roleIDs(user), in: user.departmentID.flatMap { RecordID($0) })
    }

    // MARK: The last admin

    /// The change may take the last admin away.
    private var mayLoseAdmin: Bool {
        switch change.kind {
        case .create, .restore: false
        case .delete: true
        case .update: isDisabled && change.changes("disabled") || change.changes("role_ids")
        }
    }

    private static let findOtherAdmin = Statement(
        """
        SELECT EXISTS (SELECT 1 FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
            WHERE $1 = ANY (u.role_ids) AND u.id <> $2 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE)
        """)

    /// The admin role is held, so that two admins cannot remove each other at once.
    private func refuseLastAdmin(_ role: RecordID) async throws {
        guard let before, let id = change.after.id("id") else { return }
        let wasAdmin = before.roleIDs.contains(role.text) && before.disabled != true
        let staysAdmin = change.kind == .update && !isDisabled && after.roleIDs.contains(role.text)
        guard wasAdmin, !staysAdmin else { return }
        let other = Query(UserRules.findOtherAdmin) {
            $0.append(role)
            $0.append(id)
        }
        guard try await transaction.query(other).one().bool(0) else { throw IdentityError.lastAdmin }
    }

    // MARK: Roles and department

    /// Who comes back comes back to what there was, or not at all.
    private func requirePlace() async throws {
        try await transaction.requireLiving(roles, namedBy: "role_ids", of: change)
        try await transaction.requireLiving(departments, namedBy: "department_id", of: change)
    }

    private static let lockRoles = Statement(
        "SELECT id FROM {schema}.roles WHERE id = ANY ($1) AND deleted_at IS NULL ORDER BY id FOR SHARE")

    /// Holds the roles, so that none is changed or deleted meanwhile. One that the user has had may be gone.
    private func holdRoles() async throws {
        let ids = roleIDs(after)
        guard !ids.isEmpty else { return }
        let lock = Query(UserRules.lockRoles) { $0.append(ids) }
        let living = Set(try await transaction.query(lock).map { try $0.id(0) })
        guard change.kind != .update || change.changes("role_ids") else { return }
        for (index, id) in ids.enumerated() where !living.contains(id) {
            throw RPCError.invalidArgument(
                "REFERENCE_NOT_FOUND", "There is no role with this id.", field: "role_ids[\(index)]",
                domain: IdentityError.domain)
        }
    }
}
