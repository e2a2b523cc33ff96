import Postgres
import RPC
import Tenancy

/// A row of `directory.operators`.
struct OperatorRow: Sendable {
    let id: UserID
    let email: String
    let displayName: String
    let passwordHash: String
    let isDisabled: Bool
    let knownNetworks: [String]

    init(_ row: Row) throws {
        id = UserID(try row.id(0))
        email = try row.string(1)
        displayName = try row.string(2)
        passwordHash = try row.string(3)
        isDisabled = try row.bool(4)
        knownNetworks = try row.strings(5)
    }

    var passwordHolder: PasswordHolder {
        PasswordHolder(
            owner: SessionOwner(tenantID: nil, userID: id), email: email, displayName: displayName,
            passwordHash: passwordHash, knownNetworks: knownNetworks)
    }
}

/// The SQL of `directory.operators`.
enum OperatorTable {
    private static let byEmail = Statement(
        """
        SELECT id, email, display_name, password_hash, disabled, coalesce(known_networks, '{}'::text[])
        FROM directory.operators WHERE email = $1
        """)

    static func find(email: String) -> Query {
        Query(byEmail) { $0.append(email) }
    }

    private static let byID = Statement(
        """
        SELECT id, email, display_name, password_hash, disabled, coalesce(known_networks, '{}'::text[])
        FROM directory.operators WHERE id = $1
        """)

    static func find(_ id: UserID) -> Query {
        Query(byID) { $0.append(id.id) }
    }

    private static let insert = Statement(
        """
        INSERT INTO directory.operators (id, email, display_name, password_hash, disabled, created_at, updated_at)
        VALUES ($1, $2, $3, $4, false, $5, $5) ON CONFLICT ON CONSTRAINT operators_email_key DO NOTHING RETURNING id
        """)

    /// Adds an operator; gives no row when the address is taken.
    static func insert(
        _ id: UserID, email: EmailAddress, displayName: String, passwordHash: String, now: Timestamp
    ) -> Query {
        Query(insert) {
            $0.append(id.id)
            $0.append(email.text)
            $0.append(displayName)
            $0.append(passwordHash)
            $0.append(now)
        }
    }

    private static let setPassword = Statement(
        "UPDATE directory.operators SET password_hash = $2, known_networks = $3, updated_at = $4 WHERE id = $1")

    static func setPassword(_ id: UserID, hash: String, knownNetworks: [String], now: Timestamp) -> Query {
        Query(setPassword) {
            $0.append(id.id)
            $0.append(hash)
            $0.append(knownNetworks)
            $0.append(now)
        }
    }

    private static let confirmSignIn = Statement(
        """
        UPDATE directory.operators SET last_sign_in_at = $2,
            known_networks = (array_prepend($4, array_remove(known_networks, $4)))[1:$5]
        WHERE id = $1 AND password_hash = $3 AND NOT disabled RETURNING id
        """)

    /// Notes a sign-in and where it came from; gives no row when the operator was disabled or the password changed since
    /// it was checked.
    static func confirmSignIn(_ id: UserID, hash: String, network: ClientNetwork, now: Timestamp) -> Query {
        Query(confirmSignIn) {
            $0.append(id.id)
            $0.append(now)
            $0.append(hash)
            $0.append(network.digest(for: id))
            $0.append(Int32(PasswordHolder.knownNetworksMax))
        }
    }
}
