import Postgres
import Tenancy

/// A live session with what is known of its tenant.
struct SessionRow: Sendable {
    let id: RecordID
    let userID: UserID
    let expireTime: Timestamp
    /// Nil for an operator.
    let tenant: Tenant?

    struct Tenant: Sendable {
        let id: TenantID
        let workspace: String
        let policyEpoch: Int64
    }

    init(_ row: Row) throws {
        id = try row.id(0)
        userID = UserID(try row.id(1))
        expireTime = try row.timestamp(2)
        tenant =
            try row.isNull(3)
            ? nil
            : Tenant(id: TenantID(row.id(3)), workspace: row.string(4), policyEpoch: row.int64(5))
    }
}

/// The SQL of `directory.sessions`. Only digests of handles are stored. A revoked session stays as a row until it
/// would have expired, so that every instance of identity can tell the gateways.
enum SessionTable {
    private static let insert = Statement(
        """
        INSERT INTO directory.sessions (id, handle_digest, tenant_id, user_id, family_id, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """)

    static func insert(
        _ id: RecordID, handleDigest: [UInt8], owner: SessionOwner, family: RecordID, now: Timestamp,
        expireTime: Timestamp
    ) -> Query {
        Query(insert) {
            $0.append(id)
            $0.append(handleDigest)
            $0.append(owner)
            $0.append(family)
            $0.append(now)
            $0.append(expireTime)
        }
    }

    private static let resolve = Statement(
        """
        SELECT s.id, s.user_id, s.expires_at, s.tenant_id, t.workspace, t.policy_epoch
        FROM directory.sessions s
            LEFT JOIN directory.tenants t ON t.id = s.tenant_id
            LEFT JOIN directory.operators o ON o.id = s.user_id AND s.tenant_id IS NULL
        WHERE s.handle_digest = $1 AND s.expires_at > $2 AND s.revoked_at IS NULL
            AND (t.state = 2 OR NOT o.disabled)
        """)

    /// The live session with this handle, if its tenant is active (state 2) or its operator not disabled.
    static func resolve(handleDigest: [UInt8], now: Timestamp) -> Query {
        Query(resolve) {
            $0.append(handleDigest)
            $0.append(now)
        }
    }

    private static let shorten = Statement(
        """
        UPDATE directory.sessions SET expires_at = least(expires_at, $4)
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND id = $3
        """)

    /// Ends a session that was renewed, no later than `expireTime`.
    static func shorten(_ id: RecordID, of owner: SessionOwner, to expireTime: Timestamp) -> Query {
        Query(shorten) {
            $0.append(owner)
            $0.append(id)
            $0.append(expireTime)
        }
    }

    private static let revokeFamily = Statement(
        """
        UPDATE directory.sessions SET revoked_at = $4
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND family_id = $3 AND revoked_at IS NULL
            AND expires_at > $4
        RETURNING id
        """)

    static func revoke(family: RecordID, of owner: SessionOwner, now: Timestamp) -> Query {
        Query(revokeFamily) {
            $0.append(owner)
            $0.append(family)
            $0.append(now)
        }
    }

    private static let familyOfSession = Statement(
        """
        SELECT family_id FROM directory.sessions
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND id = $3
        """)

    static func family(ofSession id: RecordID, of owner: SessionOwner) -> Query {
        Query(familyOfSession) {
            $0.append(owner)
            $0.append(id)
        }
    }

    private static let revokeOwner = Statement(
        """
        UPDATE directory.sessions SET revoked_at = $3
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3
            AND ($4::uuid IS NULL OR family_id <> $4)
        RETURNING id
        """)

    /// Ends the sessions of a user or operator, except those of one family.
    static func revoke(_ owner: SessionOwner, exceptFamily family: RecordID?, now: Timestamp) -> Query {
        Query(revokeOwner) {
            $0.append(owner)
            $0.append(now)
            $0.append(family)
        }
    }

    private static let revokeTenant = Statement(
        """
        UPDATE directory.sessions SET revoked_at = $2 WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > $2
        RETURNING id
        """)

    static func revoke(tenant: TenantID, now: Timestamp) -> Query {
        Query(revokeTenant) {
            $0.append(tenant.id)
            $0.append(now)
        }
    }

    private static let revokeOthers = Statement(
        """
        UPDATE directory.sessions SET revoked_at = $2
        WHERE tenant_id = $1 AND revoked_at IS NULL AND expires_at > $2 AND user_id <> ALL ($3) RETURNING id
        """)

    /// Ends the sessions of all users of a tenant except these.
    static func revoke(tenant: TenantID, exceptUsers users: [RecordID], now: Timestamp) -> Query {
        Query(revokeOthers) {
            $0.append(tenant.id)
            $0.append(now)
            $0.append(users)
        }
    }

    private static let revokedSince = Statement("SELECT id FROM directory.sessions WHERE revoked_at >= $1")

    static func revoked(since moment: Timestamp) -> Query {
        Query(revokedSince) { $0.append(moment) }
    }

    private static let removeExpired = Statement(
        """
        DELETE FROM directory.sessions WHERE id IN
            (SELECT id FROM directory.sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
        """)

    static func removeExpired(before moment: Timestamp, limit: Int) -> Query {
        Query(removeExpired) {
            $0.append(moment)
            $0.append(Int64(limit))
        }
    }
}
