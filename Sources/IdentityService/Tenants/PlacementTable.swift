import IdentityContracts
import Postgres
import Tenancy

/// The SQL of `directory.placements`: where a tenant's data of each service is.
enum PlacementTable {
    private static let put = Statement(
        """
        INSERT INTO directory.placements (tenant_id, service, database_name, partition, schema_version, epoch)
        VALUES ($1, $2, $3, $4, $5, 1)
        ON CONFLICT ON CONSTRAINT placements_pkey DO UPDATE SET database_name = excluded.database_name,
            partition = excluded.partition, schema_version = excluded.schema_version
        """)

    static func put(_ placement: Placement, schemaVersion: Int) -> Query {
        Query(put) {
            $0.append(placement.tenantID.id)
            $0.append(placement.service.rawValue)
            $0.append(placement.database)
            $0.append(Int32(placement.partition))
            $0.append(Int32(schemaVersion))
        }
    }

    private static let list = Statement(
        """
        SELECT service, database_name, partition, epoch FROM directory.placements WHERE tenant_id = $1
        ORDER BY service
        """)

    static func list(_ tenant: TenantID) -> Query {
        Query(list) { $0.append(tenant.id) }
    }

    /// Without those of services that this version does not know: a newer one made them.
    static func placements(of tenant: TenantID, in rows: Rows) throws -> [Placement] {
        try rows.compactMap { row in
            guard let service = ServiceName(rawValue: try row.string(0)) else { return nil }
            return Placement(
                tenantID: tenant, service: service, database: try row.string(1),
                partition: Int(try row.int32(2)), epoch: try row.int64(3))
        }
    }

    /// Of tenants whose data is served, or may be again.
    static let statesInUse: Set<TenantState> = [.active, .suspended]

    private static let missing = Statement(
        """
        SELECT t.id FROM directory.tenants t
        WHERE t.id > $1 AND t.state = ANY ($2) AND NOT EXISTS (
            SELECT FROM directory.placements p WHERE p.tenant_id = t.id AND p.service = $3)
        ORDER BY t.id LIMIT $4
        """)

    /// The tenants in use that have no schema of a service, after one of them, in the order of their ids.
    static func missing(_ service: ServiceName, after tenant: TenantID, limit: Int) -> Query {
        Query(missing) {
            $0.append(tenant.id)
            $0.append(statesInUse.map(\.rawValue))
            $0.append(service.rawValue)
            $0.append(Int64(limit))
        }
    }

    private static let active = Statement(
        """
        SELECT p.service FROM directory.tenants t JOIN directory.placements p ON p.tenant_id = t.id
        WHERE t.id = $1 AND t.state = $2
        """)

    /// The services that have data of a tenant; none unless it is active.
    static func activeServices(of tenant: TenantID) -> Query {
        Query(active) {
            $0.append(tenant.id)
            $0.append(TenantState.active.rawValue)
        }
    }

    private static let served = Statement(
        """
        SELECT t.id FROM directory.tenants t JOIN directory.placements p ON p.tenant_id = t.id AND p.service = $1
        WHERE ($2::uuid IS NULL OR t.id > $2) AND t.state = ANY ($3) ORDER BY t.id LIMIT $4
        """)

    /// The tenants in use that a service has data of, after one of them, in the order of their ids.
    static func served(by service: ServiceName, after tenant: TenantID?, limit: Int) -> Query {
        Query(served) {
            $0.append(service.rawValue)
            $0.append(tenant?.id)
            $0.append(statesInUse.map(\.rawValue))
            $0.append(Int64(limit))
        }
    }
}
