import Postgres
import Tenancy

/// A user who may sign in, with the hash of the password.
struct CredentialRow: Sendable {
    let userID: UserID
    let email: String
    let displayName: String
    let passwordHash: String

    init(_ row: Row) throws {
        userID = UserID(try row.id(0))
        email = try row.string(1)
        displayName = try row.string(2)
        passwordHash = try row.string(3)
    }
}

/// The SQL of a tenant's table `credentials`. A user without a row has no password and cannot sign in.
enum CredentialTable {
    private static let byEmail = Statement(
        """
        SELECT u.id, u.email, u.display_name, c.password_hash
        FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
        WHERE lower(u.email) = $1 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE
        """)

    /// `email` is in lower case.
    static func find(email: String) -> Query {
        Query(byEmail) { $0.append(email) }
    }

    private static let byUser = Statement(
        """
        SELECT u.id, u.email, u.display_name, c.password_hash
        FROM {schema}.users u JOIN {schema}.credentials c ON c.user_id = u.id
        WHERE u.id = $1 AND u.deleted_at IS NULL AND u.disabled IS NOT TRUE
        """)

    static func find(_ user: UserID) -> Query {
        Query(byUser) { $0.append(user.id) }
    }

    private static let put = Statement(
        """
        INSERT INTO {schema}.credentials (user_id, password_hash, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT ON CONSTRAINT credentials_pkey
            DO UPDATE SET password_hash = excluded.password_hash, changed_at = excluded.changed_at
        """)

    static func put(_ user: UserID, hash: String, now: Timestamp) -> Query {
        Query(put) {
            $0.append(user.id)
            $0.append(hash)
            $0.append(now)
        }
    }

    private static let confirm = Statement(
        """
        UPDATE {schema}.users SET last_sign_in_at = $2
        WHERE id = $1 AND deleted_at IS NULL AND disabled IS NOT TRUE
            AND EXISTS (SELECT 1 FROM {schema}.credentials c WHERE c.user_id = $1 AND c.password_hash = $3)
        RETURNING id
        """)

    /// Notes a sign-in; gives no row when the user was disabled or the password changed since it was checked.
    static func confirmSignIn(_ user: UserID, hash: String, now: Timestamp) -> Query {
        Query(confirm) {
            $0.append(user.id)
            $0.append(now)
            $0.append(hash)
        }
    }
}
