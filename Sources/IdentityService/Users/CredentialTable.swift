import Postgres
import RPC
import Tenancy

/// A user who may sign in, with the hash of the password.
struct CredentialRow: Sendable {
    let userID: UserID
    let email: String
    let displayName: String
    let passwordHash: String
    let knownNetworks: [String]
    /// The password opens one session.
    let isOneTime: Bool

    init(_ row: Row) throws {
        userID = UserID(try row.id(0))
        email = try row.string(1)
        displayName = try row.string(2)
        passwordHash = try row.string(3)
        knownNetworks = try row.strings(4)
        isOneTime = try row.bool(5)
    }

    func passwordHolder(in tenant: TenantID) -> PasswordHolder {
        PasswordHolder(
            owner: SessionOwner(tenantID: tenant, userID: userID), email: email, displayName: displayName,
            passwordHash: passwordHash, knownNetworks: knownNetworks, isOneTime: isOneTime)
    }
}

/// The SQL of a tenant's table `credentials`. A user without a row has no password and cannot sign in.
enum CredentialTable {
    private static let byEmail = Statement(
        """
        SELECT u.id, u.email, u.display_name, c.password_hash, coalesce(c.known_networks, '{}'::text[]),
            c.expires_at IS NOT NULL
        FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
        WHERE lower(u.email) = $1 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE
            AND (c.expires_at IS NULL OR c.expires_at > $2)
        """)

    /// A user whose password opens a session. `email` is in lower case.
    static func find(email: String, now: Timestamp) -> Query {
        Query(byEmail) {
            $0.append(email)
            $0.append(now)
        }
    }

    private static let byUser = Statement(
        """
        SELECT u.id, u.email, u.display_name, c.password_hash, coalesce(c.known_networks, '{}'::text[]),
            c.expires_at IS NOT NULL
        FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
        WHERE u.id = $1 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE
        """)

    /// A user who is signed in; a one-time password that opened the session is still theirs.
    static func find(_ user: UserID) -> Query {
        Query(byUser) { $0.append(user.id) }
    }

    private static let put = Statement(
        """
        INSERT INTO {schema}.credentials (user_id, password_hash, changed_at, known_networks, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT credentials_pkey
            DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at,
                known_networks = excluded.known_networks, expires_at = excluded.expires_at
        """)

    /// Sets a password, of whose user the networks are known. One with an `expireTime` opens one session, until then.
    static func put(
        _ user: UserID, hash: String, knownNetworks: [String] = [], expireTime: Timestamp? = nil,
        now: Timestamp
    ) -> Query {
        Query(put) {
            $0.append(user.id)
            $0.append(hash)
            $0.append(now)
            $0.append(knownNetworks)
            $0.append(expireTime)
        }
    }

    private static let confirm = Statement(
        """
        WITH used AS (
            UPDATE {schema}.credentials SET
                known_networks = (array_prepend($4, array_remove(known_networks, $4)))[1:$5],
                expires_at = CASE WHEN expires_at IS NOT NULL THEN $2 END
            WHERE user_id = $1 AND password_hash = $3 AND (expires_at IS NULL OR expires_at > $2)
            RETURNING user_id)
        UPDATE {schema}.users SET last_sign_in_at = $2
        WHERE id IN (SELECT user_id FROM used) AND deleted_at IS NULL AND disabled IS NOT TRUE RETURNING id
        """)

    /// Notes a sign-in and where it came from, and spends a one-time password; gives no row when the user was disabled, or
    /// the password changed or spent since it was checked.
    ///
    /// `last_sign_in_at` is the one column of a record that is written beside the record engine. A sign-in is no edit: no rule, right or
    /// policy depends on its time, nobody can set it, and as a version of the user it would make edits of others conflict, mark the policy
    /// and fill the ledger with what sessions tell already. It stands in the record's table because lists show and sort by it.
    static func confirmSignIn(_ user: UserID, hash: String, network: ClientNetwork, now: Timestamp) -> Query {
        Query(confirm) {
            $0.append(user.id)
            $0.append(now)
            $0.append(hash)
            $0.append(network.digest(for: user))
            $0.append(Int32(PasswordHolder.knownNetworksMax))
        }
    }
}
