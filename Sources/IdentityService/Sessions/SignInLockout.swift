package import Tenancy

/// When too many failures forbid further attempts to sign in. A window slides with each failure: an attempt is
/// refused while the last `failuresMax` failures all lie within `window`.
package struct SignInLockout: Hashable, Sendable {
    /// Failures that lock. At least 1.
    package let failuresMax: Int
    package let window: Duration

    package init(failuresMax: Int, window: Duration) {
        precondition(failuresMax >= 1 && window > .zero)
        self.failuresMax = failuresMax
        self.window = window
    }

    /// For one user of one tenant, or for one e-mail address that no user has.
    package static let account = SignInLockout(failuresMax: 10, window: .seconds(15 * 60))
    /// For one client network (`ClientNetwork`). Higher, because a whole office may share an address. Behind a proxy
    /// that hides addresses all clients share one, and this locks all of them; deploy/README.md says what to do.
    package static let address = SignInLockout(failuresMax: 100, window: .seconds(15 * 60))

    /// Until when attempts are refused, if they are. `decidingFailure` is when the `failuresMax`-th last failure
    /// happened, nil when there were fewer.
    package func lockedUntil(decidingFailure: Timestamp?, now: Timestamp) -> Timestamp? {
        guard let end = decidingFailure?.advanced(by: window), end > now else { return nil }
        return end
    }
}
