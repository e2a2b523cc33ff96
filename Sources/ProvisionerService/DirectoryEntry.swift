import Contracts
import Migrations
import Postgres
import Tenancy

/// The row of a tenant in the directory, as far as it concerns the provisioner: no other program may remove one.
///
/// A tenant may go when it was deleted and its grace is over, by the database's clock, or when it was never set up to the
/// end. Identity decides that, and has the right to write it; what is checked here keeps a tenant in use from being dropped by
/// mistake, or without its state having been changed first.
struct DirectoryEntry: Sendable {
    let database: OwnerDatabase
    let tenant: TenantID

    private static let look = Statement(
        """
        SELECT state = $2 OR (state = $3 AND purge_at <= now()) FROM directory.tenants WHERE id = $1
        """)

    /// Whether the tenant may be dropped; nil when the directory does not know it.
    func mayGo() async throws -> Bool? {
        let parameters = self.parameters
        return try await database.transaction(for: nil) { transaction in
            try await transaction.finalQuery(Self.look, parameters).first?.bool(0)
        }
    }

    private static let remove = Statement(
        """
        DELETE FROM directory.tenants WHERE id = $1 AND (state = $2 OR (state = $3 AND purge_at <= now()))
        """)

    /// Forgets the tenant, and with it its placements, its set-up, marks of its policy, its sessions and what could renew
    /// them. The workspace's name is free again.
    func remove() async throws {
        let parameters = self.parameters
        try await database.transaction(for: nil) { transaction in
            _ = try await transaction.finalQuery(Self.remove, parameters)
        }
    }

    private var parameters: Parameters {
        var parameters = Parameters()
        parameters.append(tenant.id)
        parameters.append(TenantState.provisioning.rawValue)
        parameters.append(TenantState.deleting.rawValue)
        return parameters
    }
}
