import Credentials
import IdentityContracts
import Postgres
import Tenancy
import Wire

/// Opens sessions and renews them. Handles and refresh tokens are 32 random bytes each; only their digests are stored.
struct SessionIssuer: Sendable {
    static let tokenBytes = 32
    static let sessionLifetime = Duration.seconds(12 * 3600)
    static let refreshLifetime = Duration.seconds(30 * 24 * 3600)

    /// Opens a session of a new family.
    func open(_ owner: SessionOwner, in transaction: PostgresTransaction) async throws -> IssuedSession {
        try await issue(owner, family: .make(), in: transaction)
    }

    /// Opens a session of a present family.
    func issue(
        _ owner: SessionOwner, family: RecordID, in transaction: PostgresTransaction
    ) async throws -> IssuedSession {
        let now = Timestamp.now()
        let session = IssuedSession(
            handle: try RandomToken.make(bytes: SessionIssuer.tokenBytes),
            expireTime: now.advanced(by: SessionIssuer.sessionLifetime),
            refreshToken: try RandomToken.make(bytes: SessionIssuer.tokenBytes),
            refreshExpireTime: now.advanced(by: SessionIssuer.refreshLifetime), userID: owner.userID,
            family: family)
        let id = RecordID.make()
        try await transaction.query(
            SessionTable.insert(
                id, handleDigest: TokenDigest.sha256(session.handle), owner: owner, family: family, now: now,
                expireTime: session.expireTime))
        try await transaction.query(
            RefreshTokenTable.insert(
                digest: TokenDigest.sha256(session.refreshToken), family: family, sessionID: id, owner: owner,
                expireTime: session.refreshExpireTime))
        return session
    }
}

/// A session as its owner gets it, the only time that its secrets are in the open.
struct IssuedSession: Sendable {
    let handle: [UInt8]
    let expireTime: Timestamp
    let refreshToken: [UInt8]
    let refreshExpireTime: Timestamp
    let userID: UserID
    let family: RecordID

    var message: Session {
        Session(
            sessionHandle: handle, expireTime: expireTime, refreshToken: refreshToken,
            refreshExpireTime: refreshExpireTime, userID: userID.description)
    }
}

/// The successor of a refresh token, sealed so that only the bearer of the token itself can open it. With it a lost
/// answer can be given again although no secret is stored in the open.
enum SealedSuccessor {
    private static let purpose = Array("steward refresh successor".utf8)

    static func seal(_ session: IssuedSession, under token: [UInt8]) throws -> [UInt8] {
        var message = session.message
        message.userID = nil
        return try sealer(token).seal(message.encoded(), associated: purpose)
    }

    static func open(_ sealed: [UInt8], under token: [UInt8]) throws -> Session {
        try Session(decoding: sealer(token).open(sealed, associated: purpose))
    }

    private static func sealer(_ token: [UInt8]) throws -> Sealer {
        Sealer(current: try Sealer.Key(id: 0, bytes: MAC.hmacSHA256(key: token, purpose)))
    }
}
