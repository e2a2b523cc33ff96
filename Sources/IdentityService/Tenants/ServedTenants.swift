import Postgres
import RPC
import Tenancy

/// The tenants in use, for programs that work for them without being called.
struct ServedTenants: Sendable {
    let directory: Directory

    private static let pageSize = 1_000

    /// Those that a service has data of, after one of them, in the order of their ids. An empty page is behind the last.
    func page(of service: ServiceName, after tenant: TenantID?, deadline: Deadline) async throws -> [TenantID] {
        let query = PlacementTable.served(by: service, after: tenant, limit: Self.pageSize)
        return try await directory.read(query, deadline: deadline).map { TenantID(try $0.id(0)) }
    }
}
