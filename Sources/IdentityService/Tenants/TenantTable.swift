import IdentityContracts
import Postgres
import Tenancy

/// A row of `directory.tenants`.
struct TenantRow: Sendable {
    let id: TenantID
    let workspace: String
    let displayName: String
    let state: TenantState
    /// Version of the tenant's policy, from 1.
    let policyEpoch: Int64
    let adminUserID: UserID
    /// Who created the tenant, and under which request id, so that a repeated request is known.
    let operatorID: UserID
    let requestID: String?
    let fingerprint: [UInt8]
    let createTime: Timestamp
    let updateTime: Timestamp
    /// When the data is dropped; only while deleting.
    let purgeTime: Timestamp?

    init(_ row: Row) throws {
        id = TenantID(try row.id(0))
        workspace = try row.string(1)
        displayName = try row.string(2)
        state = TenantState(rawValue: try row.int32(3))
        policyEpoch = try row.int64(4)
        adminUserID = UserID(try row.id(5))
        operatorID = UserID(try row.id(6))
        requestID = try row.optionalString(7)
        fingerprint = row.byteArray(8)
        createTime = try row.timestamp(9)
        updateTime = try row.timestamp(10)
        purgeTime = try row.optionalTimestamp(11)
    }
}

/// The SQL of `directory.tenants`. Queries that give tenants give the columns of `TenantRow`.
enum TenantTable {
    private static let findByID = Statement(
        """
        SELECT id, workspace, display_name, state, policy_epoch, admin_user_id, operator_id, request_id, fingerprint,
            created_at, updated_at, purge_at FROM directory.tenants WHERE id = $1
        """)

    static func find(_ id: TenantID) -> Query {
        Query(findByID) { $0.append(id.id) }
    }

    private static let lockByID = Statement(
        """
        SELECT id, workspace, display_name, state, policy_epoch, admin_user_id, operator_id, request_id, fingerprint,
            created_at, updated_at, purge_at FROM directory.tenants WHERE id = $1 FOR UPDATE
        """)

    /// Finds the tenant and holds its row until the transaction ends.
    static func lock(_ id: TenantID) -> Query {
        Query(lockByID) { $0.append(id.id) }
    }

    private static let findByWorkspace = Statement(
        """
        SELECT id, workspace, display_name, state, policy_epoch, admin_user_id, operator_id, request_id, fingerprint,
            created_at, updated_at, purge_at FROM directory.tenants WHERE workspace = $1
        """)

    static func find(workspace: String) -> Query {
        Query(findByWorkspace) { $0.append(workspace) }
    }

    private static let page = Statement(
        """
        SELECT id, workspace, display_name, state, policy_epoch, admin_user_id, operator_id, request_id, fingerprint,
            created_at, updated_at, purge_at FROM directory.tenants
        WHERE workspace > $1 AND ($2::integer IS NULL OR state = $2) ORDER BY workspace LIMIT $3
        """)

    /// The tenants whose workspace comes after `workspace`, in that order.
    static func list(after workspace: String, state: TenantState?, limit: Int) -> Query {
        Query(page) {
            $0.append(workspace)
            $0.append(state?.rawValue)
            $0.append(Int64(limit))
        }
    }

    private static let insert = Statement(
        """
        INSERT INTO directory.tenants (id, workspace, display_name, state, policy_epoch, policy_changed_at,
            admin_user_id, operator_id, request_id, fingerprint, created_at, updated_at)
        VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $5, $5)
        ON CONFLICT ON CONSTRAINT tenants_workspace_key DO NOTHING RETURNING id
        """)

    /// Takes the workspace's name; gives no row when somebody has it.
    static func insert(_ tenant: NewTenant, now: Timestamp) -> Query {
        Query(insert) {
            $0.append(tenant.id.id)
            $0.append(tenant.workspace.text)
            $0.append(tenant.displayName)
            $0.append(TenantState.provisioning.rawValue)
            $0.append(now)
            $0.append(tenant.adminUserID.id)
            $0.append(tenant.operatorID.id)
            $0.append(tenant.requestID)
            $0.append(tenant.fingerprint)
        }
    }

    private static let setState = Statement(
        """
        UPDATE directory.tenants SET state = $2, updated_at = $3, purge_at = now() + $4 * interval '24 hours',
            suspend_comment = $5, policy_epoch = policy_epoch + 1, policy_changed_at = $3
        WHERE id = $1 AND (purge_at IS NULL OR purge_at > now())
        RETURNING id, workspace, display_name, state, policy_epoch, admin_user_id, operator_id, request_id, fingerprint,
            created_at, updated_at, purge_at
        """)

    /// Moves the tenant to a state, which is a change of policy too. Gives no row for one whose grace is over, by the clock of
    /// the database: the provisioner goes by it too.
    ///
    /// - Parameter graceDays: the days until the data may be dropped, of a tenant that is deleted.
    static func setState(
        _ id: TenantID, _ state: TenantState, graceDays: Int? = nil, comment: String? = nil, now: Timestamp
    ) -> Query {
        Query(setState) {
            $0.append(id.id)
            $0.append(state.rawValue)
            $0.append(now)
            $0.append(graceDays.map(Double.init))
            $0.append(comment)
        }
    }

    private static let bumpEpoch = Statement(
        """
        UPDATE directory.tenants SET policy_epoch = policy_epoch + 1, policy_changed_at = $2 WHERE id = $1
        RETURNING policy_epoch
        """)

    /// Raises the version of the policy; gives the new one.
    static func bumpEpoch(_ id: TenantID, now: Timestamp) -> Query {
        Query(bumpEpoch) {
            $0.append(id.id)
            $0.append(now)
        }
    }

    private static let setKnown = Statement(
        """
        UPDATE directory.tenants SET known_objects = (
            SELECT array_agg(DISTINCT object ORDER BY object) FROM unnest(known_objects || $2::text[]) AS known (object)
        ), known_actions = (
            SELECT array_agg(DISTINCT action ORDER BY action) FROM unnest(known_actions || $3::text[]) AS known (action)
        ) WHERE id = $1
        """)

    /// Notes that the workspace's built-in roles have their rights on these record types, by these actions.
    static func setKnown(_ id: TenantID, _ known: RoleUpgrade.Known) -> Query {
        Query(setKnown) {
            $0.append(id.id)
            $0.append(known.objects.sorted())
            $0.append(known.actions.sorted())
        }
    }

    private static let unknowing = Statement(
        """
        SELECT id, known_objects, known_actions FROM directory.tenants
        WHERE ($1::uuid IS NULL OR id > $1) AND state IN (2, 3)
            AND NOT (known_objects @> $2 AND known_actions @> $3) ORDER BY id LIMIT $4
        """)

    /// The active and suspended tenants whose built-in roles were made when there were not yet all of these record types and actions: id,
    /// the types and the actions that they were made for. By id, from the one after `id`.
    static func unknowing(_ known: RoleUpgrade.Known, after id: TenantID?, limit: Int) -> Query {
        Query(unknowing) {
            $0.append(id?.id)
            $0.append(known.objects.sorted())
            $0.append(known.actions.sorted())
            $0.append(Int64(limit))
        }
    }

    private static let changedSince = Statement(
        "SELECT id, policy_epoch FROM directory.tenants WHERE policy_changed_at >= $1")

    /// The tenants whose policy changed at or after a moment: id, epoch.
    static func policiesChanged(since moment: Timestamp) -> Query {
        Query(changedSince) { $0.append(moment) }
    }

    private static let due = Statement(
        "SELECT id FROM directory.tenants WHERE purge_at <= now() ORDER BY purge_at LIMIT $1")

    /// The tenants whose data is to be dropped, by the clock of the database: the provisioner goes by it too.
    static func purgeable(limit: Int) -> Query {
        Query(due) { $0.append(Int64(limit)) }
    }
}

/// A tenant about to be set up.
struct NewTenant: Sendable {
    let id: TenantID
    let workspace: WorkspaceName
    let displayName: String
    let adminUserID: UserID
    let operatorID: UserID
    let requestID: String?
    /// Digest of what the request asked for.
    let fingerprint: [UInt8]
}
