import Contracts
import IdentityContracts
import Postgres
import RPC
import Records
import Tenancy

/// Gives the built-in roles of workspaces that exist their rights on record types that came later.
///
/// The directory knows which types a workspace's roles were made for. On the others each built-in role gets what it has in a new
/// workspace, if it still has the name and exactly the grants that it came with. A role that was renamed, deleted or whose grants
/// were changed is the workspace's own: it is left as it is, and an admin grants what he wants.
struct RoleUpgrade: Sendable {
    let directory: Directory
    let tenantData: TenantData
    let epochs: PolicyEpochs
    let catalogue: RoleCatalogue

    /// Each change of a role is a version of the policy, with a ledger row of which nobody is the actor. May be run again after it
    /// was cut off.
    ///
    /// - Parameter objects: the types that the workspace's roles were made for.
    func run(_ tenant: TenantID, knowing objects: Set<String>, deadline: Deadline) async throws {
        let marks = try await tenantData.transaction(tenant, purpose: "upgrade roles", deadline: deadline) {
            transaction in
            var marks: [PolicyMark] = []
            for (role, version) in try await Self.builtInRoles(transaction) {
                let added = missing(role, knowing: objects)
                guard let id = role.id.flatMap({ RecordID(bytes: $0) }), !added.isEmpty else { continue }
                let mark = PolicyMark(tenantID: tenant, recordID: id, recordVersion: version + 1)
                try await epochs.announce(mark, deadline: deadline)
                try await Self.store(role, added, mark, in: transaction)
                marks.append(mark)
            }
            return marks
        }
        for mark in marks { _ = try await epochs.publish(mark, deadline: deadline) }
        try await directory.write(TenantTable.setKnownObjects(tenant, catalogue.objects), deadline: deadline)
    }

    /// The grants that a role has in a new workspace and this one lacks; none for one that is no longer as it came.
    func missing(_ role: Contracts.PolicyRole, knowing objects: Set<String>) -> [Contracts.Grant] {
        guard let seed = BuiltInRole.all.first(where: { $0.name == role.displayName }) else { return [] }
        let before = Set(seed.grants(on: catalogue.records.filter { objects.contains($0.object) }))
        guard Set(role.grants) == before else { return [] }
        return seed.grants(on: catalogue.records).filter { !before.contains($0) }
    }

    private static let lockRoles = Statement(
        """
        SELECT id, version FROM {schema}.roles WHERE built_in AND deleted_at IS NULL ORDER BY id FOR UPDATE
        """)

    /// The built-in roles with their versions, held until the transaction ends.
    private static func builtInRoles(
        _ transaction: PostgresTransaction
    ) async throws -> [(Contracts.PolicyRole, version: Int64)] {
        var versions: [RecordID: Int64] = [:]
        for row in try await transaction.query(Query(lockRoles)) { versions[try row.id(0)] = try row.int64(1) }
        let ids = versions.keys.sorted()
        let roles = try PolicyTables.roles(
            await transaction.query(PolicyTables.roles(ids)), await transaction.query(PolicyTables.grants(ids)),
            await transaction.query(PolicyTables.fieldPolicies(ids)))
        return roles.compactMap { role in
            role.id.flatMap { RecordID(bytes: $0) }.flatMap { versions[$0] }.map { (role, $0) }
        }
    }

    private static let addGrants = Statement(
        """
        UPDATE {schema}.roles SET grants = coalesce(grants, '[]'::jsonb) || $2, version = $3, updated_at = $4 WHERE id = $1
        """)

    private static func store(
        _ role: Contracts.PolicyRole, _ added: [Contracts.Grant], _ mark: PolicyMark,
        in transaction: PostgresTransaction
    ) async throws {
        let now = Timestamp.now()
        try await transaction.query(
            Query(addGrants) {
                $0.append(mark.recordID)
                $0.appendJSON(added.json)
                $0.append(mark.recordVersion)
                $0.append(now)
            })
        let row = LedgerRow(
            object: Role.entry.object, recordID: mark.recordID, version: mark.recordVersion,
            before: Array("{\"grants\":\(role.grants.json)}".utf8),
            after: Array("{\"grants\":\((role.grants + added).json)}".utf8))
        let (statement, parameters) = row.insertion(LedgerRow.Origin(time: now, as: Role.entry.methods.update))
        try await transaction.query(Query(statement, parameters))
    }
}
