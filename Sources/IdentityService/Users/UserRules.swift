import Contracts
import Postgres
import RPC
import Records
import Tenancy

/// What must hold when a user is changed: roles and department exist, nobody gives more rights than they have, locks
/// themselves out, or takes the last admin away.
struct UserRules {
    let change: RecordChange
    let transaction: RecordTransaction

    func check() async throws {
        try refuseOwnEnd()
        if mayLoseAdmin { try await refuseLastAdmin() }
        if change.kind == .delete { return }
        if change.kind != .update || change.changes("role_ids") { try await checkRoles() }
        if change.kind != .update || change.changes("department_id") { try await holdDepartment() }
    }

    private func refuseOwnEnd() throws {
        guard change.after.id("id") == change.caller.userID.id else { return }
        if change.kind == .delete { throw IdentityError.ownUser("delete") }
        if isDisabled, change.changes("disabled") { throw IdentityError.ownUser("disable") }
    }

    private var isDisabled: Bool { change.after.flag("disabled") == true }

    // MARK: The last admin

    /// The change may take the last admin away.
    private var mayLoseAdmin: Bool {
        switch change.kind {
        case .create, .restore: false
        case .delete: true
        case .update: isDisabled && change.changes("disabled") || change.changes("role_ids")
        }
    }

    private static let lockAdminRole = Statement(
        """
        SELECT id FROM {schema}.roles
        WHERE built_in AND grants @> '[{"object": "*", "action": "*", "scope": 4}]'::jsonb FOR UPDATE
        """)

    private static let findOtherAdmin = Statement(
        """
        SELECT EXISTS (SELECT 1 FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
            WHERE $1 = ANY (u.role_ids) AND u.id <> $2 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE)
        """)

    /// Holds the admin role, so that two admins cannot remove each other at once.
    private func refuseLastAdmin() async throws {
        guard let before = change.before?.value(User.self), let id = change.after.id("id") else { return }
        let rows = try await transaction.query(UserRules.lockAdminRole, Parameters())
        guard let role = try rows.first?.id(0) else { return }
        let wasAdmin = before.roleIDs.contains(role.text) && before.disabled != true
        let staysAdmin =
            change.kind == .update && !isDisabled && change.value(User.self).roleIDs.contains(role.text)
        guard wasAdmin, !staysAdmin else { return }
        let other = Query(UserRules.findOtherAdmin) {
            $0.append(role)
            $0.append(id)
        }
        guard try await transaction.query(other.statement, other.parameters).one().bool(0) else {
            throw IdentityError.lastAdmin
        }
    }

    // MARK: Roles and department

    private static let lockRoles = Statement(
        "SELECT id FROM {schema}.roles WHERE id = ANY ($1) AND deleted_at IS NULL ORDER BY id FOR SHARE")

    /// Holds the roles, so that none is deleted meanwhile, and compares those that are new to the user with the
    /// caller's own rights.
    private func checkRoles() async throws {
        let ids = change.value(User.self).roleIDs.compactMap { RecordID($0) }
        guard !ids.isEmpty else { return }
        let lock = Query(UserRules.lockRoles) { $0.append(ids) }
        let living = Set(try await transaction.query(lock.statement, lock.parameters).map { try $0.id(0) })
        for (index, id) in ids.enumerated() where !living.contains(id) {
            throw RPCError.invalidArgument(
                "REFERENCE_NOT_FOUND", "There is no role with this id.", field: "user.role_ids[\(index)]",
                domain: IdentityError.domain)
        }
        let held = change.kind == .update ? Set(change.before?.value(User.self).roleIDs ?? []) : []
        let added = ids.filter { !held.contains($0.text) }
        if !added.isEmpty { try RightsCeiling.check(try await transaction.roles(added), change) }
    }

    private static let lockDepartment = Statement(
        "SELECT id FROM {schema}.departments WHERE id = $1 AND deleted_at IS NULL FOR SHARE")

    /// Holds the department, so that it is not deleted meanwhile.
    private func holdDepartment() async throws {
        guard let id = change.after.id("department_id") else { return }
        let lock = Query(UserRules.lockDepartment) { $0.append(id) }
        guard try await transaction.query(lock.statement, lock.parameters).first != nil else {
            throw RPCError.invalidArgument(
                "REFERENCE_NOT_FOUND", "There is no department with this id.", field: "user.department_id",
                domain: IdentityError.domain)
        }
    }
}

extension RecordTransaction {
    /// Living roles with their rights.
    func roles(_ ids: [RecordID]) async throws -> [Role] {
        var parts: [Rows] = []
        for query in [PolicyTables.roles(ids), PolicyTables.grants(ids), PolicyTables.fieldPolicies(ids)] {
            parts.append(try await self.query(query.statement, query.parameters))
        }
        return try PolicyTables.roles(parts[0], parts[1], parts[2]).map { role in
            Role(displayName: role.displayName, grants: role.grants, fieldPolicies: role.fieldPolicies)
        }
    }
}
