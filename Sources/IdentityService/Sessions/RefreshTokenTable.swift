import Postgres
import Tenancy

/// A row of `directory.refresh_tokens`.
struct RefreshTokenRow: Sendable {
    let family: RecordID
    let sessionID: RecordID
    let owner: SessionOwner
    let state: RefreshTokenState
    /// The successor, sealed under a key that only the token itself gives; only for a while after the replacement.
    let sealedSuccessor: [UInt8]?

    init(_ row: Row) throws {
        family = try row.id(0)
        sessionID = try row.id(1)
        owner = SessionOwner(
            tenantID: try row.optionalID(2).map { TenantID($0) }, userID: UserID(try row.id(3)))
        state = RefreshTokenState(
            expiresAt: try row.timestamp(4), replacedAt: try row.optionalTimestamp(5),
            revokedAt: try row.optionalTimestamp(6))
        sealedSuccessor = row.isNull(7) ? nil : row.byteArray(7)
    }
}

/// The SQL of `directory.refresh_tokens`. Only digests of tokens are stored.
enum RefreshTokenTable {
    private static let insert = Statement(
        """
        INSERT INTO directory.refresh_tokens (digest, family_id, session_id, tenant_id, user_id, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """)

    static func insert(
        digest: [UInt8], family: RecordID, sessionID: RecordID, owner: SessionOwner, expireTime: Timestamp
    ) -> Query {
        Query(insert) {
            $0.append(digest)
            $0.append(family)
            $0.append(sessionID)
            $0.append(owner)
            $0.append(expireTime)
        }
    }

    private static let lock = Statement(
        """
        SELECT family_id, session_id, tenant_id, user_id, expires_at, replaced_at, revoked_at, sealed_successor
        FROM directory.refresh_tokens WHERE digest = $1 FOR UPDATE
        """)

    /// Finds a token and holds it until the transaction ends, so that two uses of it are decided one after the other.
    static func lock(digest: [UInt8]) -> Query {
        Query(lock) { $0.append(digest) }
    }

    private static let replace = Statement(
        "UPDATE directory.refresh_tokens SET replaced_at = $2, sealed_successor = $3 WHERE digest = $1")

    static func replace(digest: [UInt8], sealedSuccessor: [UInt8], now: Timestamp) -> Query {
        Query(replace) {
            $0.append(digest)
            $0.append(now)
            $0.append(sealedSuccessor)
        }
    }

    private static let revokeFamily = Statement(
        """
        UPDATE directory.refresh_tokens SET revoked_at = $4
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND family_id = $3 AND revoked_at IS NULL
        """)

    static func revoke(family: RecordID, of owner: SessionOwner, now: Timestamp) -> Query {
        Query(revokeFamily) {
            $0.append(owner)
            $0.append(family)
            $0.append(now)
        }
    }

    private static let revokeOwner = Statement(
        """
        UPDATE directory.refresh_tokens SET revoked_at = $3
        WHERE tenant_id IS NOT DISTINCT FROM $1 AND user_id = $2 AND revoked_at IS NULL
            AND ($4::uuid IS NULL OR family_id <> $4)
        """)

    static func revoke(_ owner: SessionOwner, exceptFamily family: RecordID?, now: Timestamp) -> Query {
        Query(revokeOwner) {
            $0.append(owner)
            $0.append(now)
            $0.append(family)
        }
    }

    private static let revokeTenant = Statement(
        "UPDATE directory.refresh_tokens SET revoked_at = $2 WHERE tenant_id = $1 AND revoked_at IS NULL")

    static func revoke(tenant: TenantID, now: Timestamp) -> Query {
        Query(revokeTenant) {
            $0.append(tenant.id)
            $0.append(now)
        }
    }

    private static let revokeOthers = Statement(
        """
        UPDATE directory.refresh_tokens SET revoked_at = $2
        WHERE tenant_id = $1 AND revoked_at IS NULL AND user_id <> ALL ($3)
        """)

    static func revoke(tenant: TenantID, exceptUsers users: [RecordID], now: Timestamp) -> Query {
        Query(revokeOthers) {
            $0.append(tenant.id)
            $0.append(now)
            $0.append(users)
        }
    }

    private static let forgetSuccessors = Statement(
        """
        UPDATE directory.refresh_tokens SET sealed_successor = NULL
        WHERE replaced_at < $1 AND sealed_successor IS NOT NULL
        """)

    /// Drops the sealed successors that may no longer be asked for.
    static func forgetSuccessors(replacedBefore moment: Timestamp) -> Query {
        Query(forgetSuccessors) { $0.append(moment) }
    }

    private static let removeExpired = Statement(
        """
        DELETE FROM directory.refresh_tokens WHERE digest IN
            (SELECT digest FROM directory.refresh_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
        """)

    static func removeExpired(before moment: Timestamp, limit: Int) -> Query {
        Query(removeExpired) {
            $0.append(moment)
            $0.append(Int64(limit))
        }
    }
}
