package import Tenancy
import TenantDatabase

/// Everything in one database under one login; programs learn placements from identity.
package struct SinglePlacement: PlacementSource {
    package init() {}

    package func placement(of tenant: TenantID, service: ServiceName) -> Placement {
        Placement(
            tenantID: tenant, service: service, database: DatabaseEndpoint.defaultName, partition: 0, epoch: 0)
    }
}
