import Postgres
import Tenancy

/// A row of `directory.tenant_setups`: what is needed to finish the set-up of a tenant after a crash.
struct TenantSetupRow: Sendable {
    let tenantID: TenantID
    let adminEmail: String
    let adminDisplayName: String
    let adminPasswordHash: String
    let startTime: Timestamp
    /// How often it was leased, and so which lease this is.
    let attempts: Int32

    /// The first attempt.
    init(
        tenantID: TenantID, adminEmail: String, adminDisplayName: String, adminPasswordHash: String,
        startTime: Timestamp
    ) {
        self.tenantID = tenantID
        self.adminEmail = adminEmail
        self.adminDisplayName = adminDisplayName
        self.adminPasswordHash = adminPasswordHash
        self.startTime = startTime
        attempts = 1
    }

    init(_ row: Row) throws {
        tenantID = TenantID(try row.id(0))
        adminEmail = try row.string(1)
        adminDisplayName = try row.string(2)
        adminPasswordHash = try row.string(3)
        startTime = try row.timestamp(4)
        attempts = try row.int32(5)
    }
}

/// The SQL of `directory.tenant_setups`. A set-up is leased by whoever works at it, so that the request, its
/// repetition and the sweeper do not work at the same tenant at once. Leases end by the clock of the database, which all
/// instances of identity share.
enum TenantSetupTable {
    private static let insert = Statement(
        """
        INSERT INTO directory.tenant_setups (tenant_id, admin_email, admin_display_name, admin_password_hash, started_at,
            leased_until, attempts)
        VALUES ($1, $2, $3, $4, $5, now() + $6::bigint * interval '1 second', $7)
        """)

    static func insert(_ setup: TenantSetupRow, lease: Duration) -> Query {
        Query(insert) {
            $0.append(setup.tenantID.id)
            $0.append(setup.adminEmail)
            $0.append(setup.adminDisplayName)
            $0.append(setup.adminPasswordHash)
            $0.append(setup.startTime)
            $0.append(lease.components.seconds)
            $0.append(setup.attempts)
        }
    }

    private static let lease = Statement(
        """
        UPDATE directory.tenant_setups
        SET leased_until = now() + $2::bigint * interval '1 second', attempts = attempts + 1
        WHERE tenant_id = $1 AND leased_until <= now()
        RETURNING tenant_id, admin_email, admin_display_name, admin_password_hash, started_at, attempts
        """)

    /// Takes a set-up that nobody works at; gives no row otherwise.
    static func lease(_ tenant: TenantID, for duration: Duration) -> Query {
        Query(lease) {
            $0.append(tenant.id)
            $0.append(duration.components.seconds)
        }
    }

    private static let renew = Statement(
        """
        UPDATE directory.tenant_setups SET leased_until = now() + $3::bigint * interval '1 second'
        WHERE tenant_id = $1 AND attempts = $2 RETURNING tenant_id
        """)

    /// Prolongs the lease; gives no row when the set-up is done or somebody else has taken it.
    static func renew(_ setup: TenantSetupRow, for duration: Duration) -> Query {
        Query(renew) {
            $0.append(setup.tenantID.id)
            $0.append(setup.attempts)
            $0.append(duration.components.seconds)
        }
    }

    private static let abandoned = Statement(
        "SELECT tenant_id FROM directory.tenant_setups WHERE leased_until <= now() ORDER BY leased_until LIMIT $1"
    )

    /// The set-ups that nobody works at.
    static func abandoned(limit: Int) -> Query {
        Query(abandoned) { $0.append(Int64(limit)) }
    }

    private static let release = Statement(
        """
        UPDATE directory.tenant_setups SET leased_until = now() + $3::bigint * interval '1 second', last_error = $4
        WHERE tenant_id = $1 AND attempts = $2
        """)

    /// Gives a set-up back after a failure; it may be taken again after `delay`.
    static func release(_ setup: TenantSetupRow, retryAfter delay: Duration, error: String) -> Query {
        Query(release) {
            $0.append(setup.tenantID.id)
            $0.append(setup.attempts)
            $0.append(delay.components.seconds)
            $0.append(error)
        }
    }

    private static let remove = Statement("DELETE FROM directory.tenant_setups WHERE tenant_id = $1")

    static func remove(_ tenant: TenantID) -> Query {
        Query(remove) { $0.append(tenant.id) }
    }
}
