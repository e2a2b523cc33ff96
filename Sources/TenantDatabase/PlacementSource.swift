package import Tenancy

/// Knows where a tenant's data lies. Asked for every transaction, so it answers from memory.
package protocol PlacementSource: Sendable {
    /// - Throws: when the tenant is unknown, or may not be served now.
    func placement(of tenant: TenantID, service: ServiceName) async throws -> Placement
}
