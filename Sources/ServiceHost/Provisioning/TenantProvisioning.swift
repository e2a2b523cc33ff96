package import Contracts
package import Migrations
import Postgres
package import RPC
import Reactor
import Tenancy

/// Makes and drops tenants' schemas in a service, for identity. The same in every service that keeps data of tenants; only
/// the stream of migrations differs.
package struct TenantProvisioning: ProvisioningServiceCustomMethods {
    private let database: OwnerDatabase
    private let provisioner: TenantProvisioner
    private let stream: MigrationStream

    /// New tenants go to this partition: an installation has one until its operator adds more.
    private static let partition = 0

    /// Opens the owner's connections and closes them when the program ends.
    package init(_ host: Host, stream: MigrationStream) {
        let database = OwnerDatabase(
            loop: host.loops.next(), settings: host.provisioner, workers: host.workers, logger: host.logger)
        host.onDrain { await database.close() }
        self.database = database
        provisioner = TenantProvisioner(database: database)
        self.stream = stream
    }

    package func prepareTenant(
        _ request: PrepareTenantRequest, _ context: CallContext
    ) async throws -> PrepareTenantResponse {
        let version = try await provisioner.prepare(
            try Self.tenant(request.tenantID), stream: stream, partition: Self.partition)
        return PrepareTenantResponse(schemaVersion: Int32(version), partition: Int32(Self.partition))
    }

    package func dropTenant(_ request: DropTenantRequest, _ context: CallContext) async throws
        -> DropTenantResponse
    {
        try await provisioner.drop(try Self.tenant(request.tenantID), stream: stream)
        return DropTenantResponse()
    }

    private static func tenant(_ bytes: [UInt8]?) throws -> TenantID {
        guard let id = bytes.flatMap({ RecordID(bytes: $0) }) else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "tenant_id has 16 bytes.", field: "tenant_id")
        }
        return TenantID(id)
    }
}
