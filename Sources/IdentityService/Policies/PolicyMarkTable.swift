import Postgres
import Tenancy

/// A change of a tenant's users, roles or departments that is on its way: the record and the version it gets.
struct PolicyMark: Hashable, Sendable {
    let tenantID: TenantID
    let recordID: RecordID
    let recordVersion: Int64
}

/// The SQL of `directory.policy_marks`. A mark is set before a change commits in the tenant's schema and removed with
/// the new policy version, so that a crash between the two leaves a trace which the sweeper repairs.
enum PolicyMarkTable {
    private static let put = Statement(
        """
        INSERT INTO directory.policy_marks (tenant_id, record_id, record_version, marked_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT ON CONSTRAINT policy_marks_pkey DO UPDATE SET marked_at = excluded.marked_at
        """)

    static func put(_ mark: PolicyMark, now: Timestamp) -> Query {
        Query(put) {
            $0.append(mark.tenantID.id)
            $0.append(mark.recordID)
            $0.append(mark.recordVersion)
            $0.append(now)
        }
    }

    private static let remove = Statement(
        "DELETE FROM directory.policy_marks WHERE tenant_id = $1 AND record_id = $2 AND record_version = $3")

    static func remove(_ mark: PolicyMark) -> Query {
        Query(remove) {
            $0.append(mark.tenantID.id)
            $0.append(mark.recordID)
            $0.append(mark.recordVersion)
        }
    }

    private static let abandoned = Statement(
        """
        SELECT DISTINCT tenant_id FROM directory.policy_marks WHERE marked_at < $1 LIMIT $2
        """)

    /// The tenants with marks whose writer is gone.
    static func abandonedTenants(before moment: Timestamp, limit: Int) -> Query {
        Query(abandoned) {
            $0.append(moment)
            $0.append(Int64(limit))
        }
    }

    private static let removeAbandoned = Statement(
        "DELETE FROM directory.policy_marks WHERE tenant_id = $1 AND marked_at < $2")

    static func removeAbandoned(_ tenant: TenantID, before moment: Timestamp) -> Query {
        Query(removeAbandoned) {
            $0.append(tenant.id)
            $0.append(moment)
        }
    }
}
