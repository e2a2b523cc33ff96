import AccessControl
import Contracts
import IdentityContracts
import Logging
import RPC
import Records
import Tenancy

/// Gives the built-in roles of workspaces that exist their rights on record types that came later, and by actions that came later.
///
/// The directory knows which types and actions a workspace's roles were made for. Of the others each built-in role gets what it has in a new
/// workspace, if it still has the name and exactly the grants that it came with. A role that was renamed, deleted or whose grants
/// were changed is the workspace's own: it is left as it is, and an admin grants what he wants.
struct RoleUpgrade: Sendable {
    let directory: Directory
    let engine: RecordEngine
    let roles: RecordType
    let catalogue: RoleCatalogue
    let logger: Logger

    /// Names of record types and of actions, as the directory has them of a workspace.
    struct Known: Hashable, Sendable {
        let objects: Set<String>
        let actions: Set<String>
    }

    /// Each change of a role is one as any other: a version of it and of the policy, with a ledger row that tells the purpose. May be
    /// run again after it was cut off.
    ///
    /// - Parameter known: what the workspace's roles were made for.
    func run(_ tenant: TenantID, knowing known: Known, deadline: Deadline) async throws {
        let program = TenantActor(tenant, purpose: .upgradeRoles, onBehalfOf: nil)
        try await engine.transaction(
            as: program, doing: Role.entry.methods.update, deadline: deadline, logger: logger
        ) { transaction in
            let builtIn = try await transaction.lock(
                roles, for: .update, where: .equal("built_in", true), limit: RoleUpgrade.rolesMax)
            for role in builtIn {
                var value = role.value(Role.self)
                let added = missing(value, knowing: known)
                guard !added.isEmpty else { continue }
                value.grants += added
                try await transaction.update(role, to: value, by: .caller)
            }
        }
        try await directory.write(TenantTable.setKnown(tenant, catalogue.known), deadline: deadline)
    }

    /// Nobody makes built-in roles, so a workspace has no more than it came with; those of releases to come included.
    private static let rolesMax = 100

    /// The grants that a role has in a new workspace and this one lacks; none for one that is no longer as it came.
    func missing(_ role: Role, knowing known: Known) -> [Contracts.Grant] {
        guard let seed = BuiltInRole.all.first(where: { $0.name == role.displayName }) else { return [] }
        let before = Set(seed.grants(on: catalogue.records.filter { known.objects.contains($0.object) }, known.actions))
        guard Set(role.grants) == before else { return [] }
        return seed.grants(on: catalogue.records).filter { !before.contains($0) }
    }
}
