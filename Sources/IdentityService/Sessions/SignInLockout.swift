package import Tenancy

/// When too many failures forbid further attempts to sign in. A window slides with each failure: an attempt is
/// refused while the last `failuresMax` failures all lie within `window`. Attempts that are under way count as failures,
/// since each of them may become one.
package struct SignInLockout: Hashable, Sendable {
    /// Failures that lock. At least 1.
    package let failuresMax: Int
    package let window: Duration
    /// Attempts under way at once, at most `failuresMax`.
    package let attemptsMax: Int

    package init(failuresMax: Int, attemptsMax: Int? = nil, window: Duration = standardWindow) {
        precondition(failuresMax >= 1 && window > .zero)
        self.failuresMax = failuresMax
        self.attemptsMax = min(attemptsMax ?? failuresMax, failuresMax)
        self.window = window
    }

    package static let standardWindow = Duration.seconds(15 * 60)

    /// For one account from one network. This one holds always.
    package static let account = SignInLockout(failuresMax: 10)
    /// For one account from all networks that its user has not signed in from before. Wider than `account`, so that a
    /// single network cannot lock a user out elsewhere, and not asked in a network that the user is known in, so that
    /// many networks cannot lock the user out there. Attempts at once are as few as from a single network.
    package static let strangers = SignInLockout(failuresMax: 50, attemptsMax: account.failuresMax)
    /// For all accounts from one network. Higher, because a whole office may share an address. Behind a proxy that hides
    /// addresses all clients share one, and this locks all of them; deploy/README.md says what to do.
    package static let network = SignInLockout(failuresMax: 100)

    /// Failures kept for each key: what the widest lock needs.
    static let failuresKept = network.failuresMax

    /// Until when attempts are refused, if they are. `decidingFailure` is when the `failuresMax`-th last failure
    /// happened, nil when there were fewer.
    package func lockedUntil(decidingFailure: Timestamp?, now: Timestamp) -> Timestamp? {
        guard let end = decidingFailure?.advanced(by: window), end > now else { return nil }
        return end
    }
}
