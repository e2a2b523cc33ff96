import Postgres
import Tenancy

/// A row of `directory.tenant_setups`: what is needed to finish the set-up of a tenant after a crash.
struct TenantSetupRow: Sendable {
    let tenantID: TenantID
    let adminEmail: String
    let adminDisplayName: String
    let adminPasswordHash: String
    let startTime: Timestamp

    init(
        tenantID: TenantID, adminEmail: String, adminDisplayName: String, adminPasswordHash: String,
        startTime: Timestamp
    ) {
        self.tenantID = tenantID
        self.adminEmail = adminEmail
        self.adminDisplayName = adminDisplayName
        self.adminPasswordHash = adminPasswordHash
        self.startTime = startTime
    }

    init(_ row: Row) throws {
        tenantID = TenantID(try row.id(0))
        adminEmail = try row.string(1)
        adminDisplayName = try row.string(2)
        adminPasswordHash = try row.string(3)
        startTime = try row.timestamp(4)
    }
}

/// The SQL of `directory.tenant_setups`. A set-up is leased by whoever works at it, so that the request, its
/// repetition and the sweeper never work at the same tenant at once.
enum TenantSetupTable {
    private static let insert = Statement(
        """
        INSERT INTO directory.tenant_setups (tenant_id, admin_email, admin_display_name, admin_password_hash, started_at,
            leased_until, attempts)
        VALUES ($1, $2, $3, $4, $5, $6, 1)
        """)

    static func insert(_ setup: TenantSetupRow, leasedUntil: Timestamp) -> Query {
        Query(insert) {
            $0.append(setup.tenantID.id)
            $0.append(setup.adminEmail)
            $0.append(setup.adminDisplayName)
            $0.append(setup.adminPasswordHash)
            $0.append(setup.startTime)
            $0.append(leasedUntil)
        }
    }

    private static let lease = Statement(
        """
        UPDATE directory.tenant_setups SET leased_until = $3, attempts = attempts + 1
        WHERE tenant_id = $1 AND leased_until <= $2
        RETURNING tenant_id, admin_email, admin_display_name, admin_password_hash, started_at
        """)

    /// Takes a set-up that nobody works at; gives no row otherwise.
    static func lease(_ tenant: TenantID, now: Timestamp, until: Timestamp) -> Query {
        Query(lease) {
            $0.append(tenant.id)
            $0.append(now)
            $0.append(until)
        }
    }

    private static let abandoned = Statement(
        "SELECT tenant_id FROM directory.tenant_setups WHERE leased_until <= $1 ORDER BY leased_until LIMIT $2"
    )

    /// The set-ups that nobody works at.
    static func abandoned(now: Timestamp, limit: Int) -> Query {
        Query(abandoned) {
            $0.append(now)
            $0.append(Int64(limit))
        }
    }

    private static let release = Statement(
        "UPDATE directory.tenant_setups SET leased_until = $2, last_error = $3 WHERE tenant_id = $1")

    /// Gives a set-up back after a failure; it may be taken again from `retryTime` on.
    static func release(_ tenant: TenantID, retryTime: Timestamp, error: String) -> Query {
        Query(release) {
            $0.append(tenant.id)
            $0.append(retryTime)
            $0.append(error)
        }
    }

    private static let remove = Statement("DELETE FROM directory.tenant_setups WHERE tenant_id = $1")

    static func remove(_ tenant: TenantID) -> Query {
        Query(remove) { $0.append(tenant.id) }
    }
}
