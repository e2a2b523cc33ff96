import IdentityContracts
import Migrations
import Postgres
import Tenancy

/// The row of a tenant in the directory, as far as it concerns the provisioner: no other program may remove one.
///
/// A tenant may go when it was deleted and its grace is over, by the database's clock, or when it was never set up to the
/// end. Identity decides that, and has the right to write it within the directory's own rules; what is checked here keeps a tenant in
/// use from being dropped by mistake, or without its state having been changed first.
struct DirectoryEntry: Sendable {
    let database: OwnerDatabase
    let tenant: TenantID

    enum Outcome: Sendable {
        case dropped, inUse, unknown
        /// It has data of a service that came after this program: its schema would stay, and nobody would know whose it is.
        case servedByNewer(String)
    }

    private static let hold = Statement(
        """
        SELECT state = $2 OR (state = $3 AND purge_at <= now()) FROM directory.tenants WHERE id = $1 FOR UPDATE
        """)

    private static let findOther = Statement(
        """
        SELECT service FROM directory.placements WHERE tenant_id = $1 AND service <> ALL ($2) ORDER BY service LIMIT 1
        """)

    private static let remove = Statement("DELETE FROM directory.tenants WHERE id = $1")

    /// Drops the tenant's schemas and forgets the tenant, and with it its placements, its set-up, marks of its policy, its
    /// sessions and what could renew them. The workspace's name is free again.
    ///
    /// One transaction, which holds the row from the look to the end: whoever brings the tenant back either comes first, or finds
    /// nothing. The row goes last.
    func drop(_ streams: [MigrationStream]) async throws -> Outcome {
        try await database.transaction(for: nil) { [tenant] transaction in
            let rows = try await transaction.query(Self.hold, Self.condition(tenant))
            guard let mayGo = try rows.first?.bool(0) else { return .unknown }
            guard mayGo else { return .inUse }
            let others = try await transaction.query(Self.findOther, Self.known(tenant, streams))
            if let other = try others.first?.string(0) { return .servedByNewer(other) }
            for stream in streams { try await TenantProvisioner.drop(tenant, stream: stream, in: transaction) }
            var parameters = Parameters()
            parameters.append(tenant.id)
            _ = try await transaction.finalQuery(Self.remove, parameters)
            return .dropped
        }
    }

    private static func known(_ tenant: TenantID, _ streams: [MigrationStream]) -> Parameters {
        var parameters = Parameters()
        parameters.append(tenant.id)
        parameters.append(streams.compactMap { $0.service?.rawValue })
        return parameters
    }

    private static func condition(_ tenant: TenantID) -> Parameters {
        var parameters = Parameters()
        parameters.append(tenant.id)
        parameters.append(TenantState.provisioning.rawValue)
        parameters.append(TenantState.deleting.rawValue)
        return parameters
    }
}
