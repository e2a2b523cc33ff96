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

    static func placements(of tenant: TenantID, in rows: Rows) throws -> [Placement] {
        try rows.map { row in
            guard let service = ServiceName(rawValue: try row.string(0)) else {
                throw PostgresError(.unexpectedResult, "directory.placements names an unknown service")
            }
            return Placement(
                tenantID: tenant, service: service, database: try row.string(1),
                partition: Int(try row.int32(2)), epoch: try row.int64(3))
        }
    }
}
