package import Tenancy

/// Knows where a tenant's data lies. Asked for every transaction, so it answers from memory.
package protocol PlacementSource: Sendable {
    /// - Throws: when the tenant is unknown, or may not be served now.
    func placement(of tenant: TenantID, service: ServiceName) async throws -> Placement
}

/// Everything in one database under one login, for tests: programs learn placements from identity.
package struct SinglePlacement: PlacementSource {
    private let database: String

    package init(database: String = DatabaseEndpoint.defaultName) {
        self.database = database
    }

    package func placement(of tenant: TenantID, service: ServiceName) -> Placement {
        Placement(tenantID: tenant, service: service, database: database, partition: 0, epoch: 0)
    }
}
