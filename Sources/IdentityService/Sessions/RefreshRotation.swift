package import Tenancy

/// What is known of a refresh token.
package struct RefreshTokenState: Hashable, Sendable {
    package var expiresAt: Timestamp
    package var replacedAt: Timestamp?
    package var revokedAt: Timestamp?

    package init(expiresAt: Timestamp, replacedAt: Timestamp? = nil, revokedAt: Timestamp? = nil) {
        self.expiresAt = expiresAt
        self.replacedAt = replacedAt
        self.revokedAt = revokedAt
    }
}

/// What the use of a refresh token leads to.
package enum RefreshDecision: Hashable, Sendable {
    /// The token is the latest: replace it by a successor.
    case renew
    /// The token was replaced a moment ago, and the answer may have been lost: give the same successor again.
    case repeatSuccessor
    /// The token was replaced long ago. Its owner and somebody else both had it: end the whole family.
    case endFamily
    /// The token is expired or its family has ended.
    case refuse
}

extension RefreshTokenState {
    /// How long a lost answer may be asked for again.
    package static let grace = Duration.seconds(30)

    package func decision(now: Timestamp) -> RefreshDecision {
        if revokedAt != nil { return .refuse }
        if let replacedAt {
            return now <= replacedAt.advanced(by: RefreshTokenState.grace) ? .repeatSuccessor : .endFamily
        }
        return now < expiresAt ? .renew : .refuse
    }
}
