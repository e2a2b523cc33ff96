import Contracts
import Logging
import Migrations
import Observability
import RPC
import Tenancy

/// steward.platform.v1.ProvisioningService: the schemas and roles of a tenant in all services. Each schema is made in a
/// transaction of its own, several at once, out of a blank one if there is one; what was cut off is done by repeating the call. And the indexes that a tenant wants.
struct TenantProvisioning: ProvisioningServiceCustomMethods {
    let database: OwnerDatabase
    let streams: [MigrationStream]
    let stock: BlankStock
    let indexes: FieldIndexes

    private var provisioner: TenantProvisioner { TenantProvisioner(database: database) }

    /// New tenants go to this partition: an installation has one until its operator adds more.
    private static let partition = 0

    func prepareTenant(
        _ request: PrepareTenantRequest, _ context: CallContext
    ) async throws -> PrepareTenantResponse {
        let tenant = try Self.tenant(request.tenantID)
        let wanted =
            request.services.isEmpty
            ? streams
            : streams.filter { stream in
                request.services.contains { $0 == stream.service?.rawValue }
            }
        let schemas = try await stock.preparing {
            try await withThrowingTaskGroup(of: PreparedSchema.self) { group in
                for stream in wanted { group.addTask { try await prepare(tenant, stream) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        return PrepareTenantResponse(schemas: schemas)
    }

    func dropTenant(_ request: DropTenantRequest, _ context: CallContext) async throws -> DropTenantResponse {
        let tenant = try Self.tenant(request.tenantID)
        switch try await DirectoryEntry(database: database, tenant: tenant).drop(streams) {
        case .dropped: context.logger.notice("a tenant was dropped", metadata: [LogKey.tenantID: "\(tenant)"])
        case .unknown: break
        case .inUse:
            throw RPCError.failedPrecondition(
                "TENANT_IN_USE",
                "The tenant is neither deleted with its grace over nor being set up. Delete it first.",
                domain: "provisioner", details: [("tenant", "\(tenant)")])
        case .servedByNewer(let service):
            throw RPCError.unavailable(
                "SERVICE_UNKNOWN",
                "The tenant has data of the service \(service), which this steward-provisioner does not know. Upgrade it.",
                domain: "provisioner")
        }
        return DropTenantResponse()
    }

    func indexField(_ request: IndexFieldRequest, _ context: CallContext) async throws -> IndexFieldResponse {
        try await indexes.index(try Self.tenant(request.tenantID), request)
    }

    private func prepare(_ tenant: TenantID, _ stream: MigrationStream) async throws -> PreparedSchema {
        let version = try await provisioner.prepare(
            tenant, stream: stream, partition: Self.partition, blank: stock.take(stream.service))
        return PreparedSchema(
            service: stream.service?.rawValue, schemaVersion: Int32(version), partition: Int32(Self.partition))
    }

    private static func tenant(_ bytes: [UInt8]?) throws -> TenantID {
        guard let id = bytes.flatMap({ RecordID(bytes: $0) }) else {
            throw RPCError.invalidArgument(
                "INVALID_ID", "tenant_id has 16 bytes.", field: "tenant_id")
        }
        return TenantID(id)
    }
}
