import Contracts
import Migrations
import Tenancy

/// The schema that identity itself keeps for a tenant.
struct OwnSchema: Sendable {
    let provisioner: TenantProvisioner

    /// The partition login that serves new tenants.
    private static let partition = 0

    func prepare(_ tenant: TenantID) async throws -> PrepareTenantResponse {
        let version = try await provisioner.prepare(
            tenant, stream: IdentityMigrations.tenantStream, partition: OwnSchema.partition)
        return PrepareTenantResponse(schemaVersion: Int32(version), partition: Int32(OwnSchema.partition))
    }

    func drop(_ tenant: TenantID) async throws {
        try await provisioner.drop(tenant, stream: IdentityMigrations.tenantStream)
    }
}
