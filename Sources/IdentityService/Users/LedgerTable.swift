import Contracts
import Postgres
import RPC
import Tenancy

/// Ledger rows of what identity changes beside records. The record engine writes those of records itself.
enum LedgerTable {
    private static let insert = Statement(
        """
        INSERT INTO {schema}.ledger (id, occurred_at, actor_id, method, object, record_id, record_version, before, after,
            request_id, trace_id)
        SELECT $1, $2, $3, $4, 'user', u.id, u.version, '{}'::jsonb, '{"password_changed": true}'::jsonb, $6, $7
        FROM {schema}.users u WHERE u.id = $5
        """)

    /// Says that a user's password changed, never to what.
    static func passwordChanged(of user: UserID, by actor: UserID, _ context: CallContext, now: Timestamp)
        -> Query
    {
        Query(insert) {
            $0.append(RecordID.make())
            $0.append(now)
            $0.append(actor.id)
            $0.append(context.method.path)
            $0.append(user.id)
            $0.append(context.requestID)
            $0.append(context.trace.traceIDText)
        }
    }

    private static let insertReset = Statement(
        """
        INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, before, after,
            request_id, trace_id)
        SELECT $1, $2, $3, 'user', u.id, u.version, '{}'::jsonb,
            jsonb_build_object('sign_in_reset', true, 'password_changed', $5::boolean, 'operator_id', $6::uuid), $7, $8
        FROM {schema}.users u WHERE u.id = $4
        """)

    /// Says that an operator helped an admin to sign in. The operator is nobody of the workspace, so the row has no actor:
    /// a user may have the same id.
    static func adminSignInReset(
        of admin: UserID, by operator: UserID, setsPassword: Bool, _ context: CallContext, now: Timestamp
    ) -> Query {
        Query(insertReset) {
            $0.append(RecordID.make())
            $0.append(now)
            $0.append(context.method.path)
            $0.append(admin.id)
            $0.append(setsPassword)
            $0.append(`operator`.id)
            $0.append(context.requestID)
            $0.append(context.trace.traceIDText)
        }
    }

    private static let insertSeeded = Statement(
        """
        WITH seeded AS (
            SELECT 'department' AS object, id, version, jsonb_build_object('display_name', display_name) AS fields
            FROM {schema}.departments
            UNION ALL
            SELECT 'role', id, version, jsonb_build_object('display_name', display_name, 'description', description,
                'grants', grants, 'built_in', built_in)
            FROM {schema}.roles
            UNION ALL
            SELECT 'user', id, version, jsonb_build_object('email', email, 'display_name', display_name,
                'department_id', department_id, 'role_ids', role_ids)
            FROM {schema}.users)
        INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, after)
        SELECT ($1::uuid[])[row_number() OVER (ORDER BY object, id)], $2, $3, object, id, version,
            jsonb_build_object('id', id, 'create_time', $4::text) || fields
        FROM seeded s
        WHERE NOT EXISTS (SELECT 1 FROM {schema}.ledger l WHERE l.object = s.object AND l.record_id = s.id)
        """)

    /// Says that a new workspace's first records, `count` of them, were created. Nobody of the workspace did it, so the
    /// rows have no actor. Does nothing when they are there.
    static func seeded(count: Int, now: Timestamp) -> Query {
        Query(insertSeeded) {
            $0.append((0..<count).map { _ in RecordID.make() })
            $0.append(now)
            $0.append(TenantServiceMethods.createTenant.path)
            $0.append(now.text)
        }
    }
}
