import AccessControl
import IdentityContracts
import RPC
import Records
import Tenancy

/// Whom a view may be shared with: one's own department, and whom the right to update saved views covers.
struct ViewSharing {
    let change: RecordChange
    let transaction: RecordTransaction
    let roles: RecordType

    /// What is taken away, or stays, may be shared by whoever did it.
    func check() async throws {
        guard change.kind != .delete else { return }
        let (before, after) = (change.before?.value(SavedView.self), change.value(SavedView.self))
        let access = change.call.access
        let mayShareAll = access.scope(.update) == .all
        if after.sharedWithAll == true, before?.sharedWithAll != true, !mayShareAll {
            throw IdentityError.sharingNotAllowed("shared_with_all", "everybody")
        }
        let newRoles = Self.added(\.sharedRoleIDs, before, after)
        if !newRoles.isEmpty {
            guard mayShareAll else { throw IdentityError.sharingNotAllowed("shared_role_ids", "a role") }
            let living = try await transaction.living(roles, newRoles)
            if !newRoles.allSatisfy(living.contains) {
                throw RPCError.invalidArgument(
                    "REFERENCE_NOT_FOUND", "There is no such role.", field: "shared_role_ids",
                    domain: IdentityError.domain)
            }
        }
        let own = change.actor.userID.flatMap { change.call.policy.unit(of: $0) }
        let reached = Set(access.units(of: .update) + [own].compactMap(\.self))
        let newDepartments = Self.added(\.sharedDepartmentIDs, before, after)
        if !mayShareAll, !newDepartments.allSatisfy(reached.contains) {
            throw IdentityError.sharingNotAllowed("shared_department_ids", "that department")
        }
    }

    private static func added(
        _ field: KeyPath<SavedView, [String]>, _ before: SavedView?, _ after: SavedView
    ) -> [RecordID] {
        let known = Set((before?[keyPath: field] ?? []).compactMap { RecordID($0) })
        return after[keyPath: field].compactMap { RecordID($0) }.filter { !known.contains($0) }
    }
}
