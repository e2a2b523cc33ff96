import Postgres
import RPC
import Tenancy

/// Counts failures to sign in and refuses attempts after too many (`SignInLockout`).
///
/// Failures are counted in the directory, so that all instances of identity know them; attempts that are under way are
/// counted in each instance.
struct SignInGuard: Sendable {
    let directory: Directory

    /// What the counters say, each nil or a SIGN_IN_LOCKED; in the order of `counters`.
    ///
    /// - Parameter underWay: for each counter how many attempts are under way, the one that asks among them. 1 when the
    ///   others do not matter.
    func refusals(
        _ counters: [SignInCounter], underWay: [Int]? = nil, deadline: Deadline
    ) async throws -> [RPCError?] {
        let underWay = underWay ?? counters.map { _ in 1 }
        let found = try await directory.read(
            zip(counters, underWay).map { SignInFailureTable.decidingFailures($0, underWay: $1) },
            deadline: deadline)
        let now = Timestamp.now()
        return try counters.indices.map { index in
            let row = found[index].first
            return SignInGuard.refusal(
                counters[index].lockout, underWay: underWay[index], nearest: try row?.optionalTimestamp(0),
                deciding: try row?.optionalTimestamp(1), now: now)
        }
    }

    /// Throws SIGN_IN_LOCKED when a counter says so.
    func refuseLocked(_ counters: [SignInCounter], deadline: Deadline) async throws {
        for refusal in try await refusals(counters, deadline: deadline) {
            if let refusal { throw refusal }
        }
    }

    private static func refusal(
        _ lockout: SignInLockout, underWay: Int, nearest: Timestamp?, deciding: Timestamp?, now: Timestamp
    ) -> RPCError? {
        if let end = lockout.lockedUntil(decidingFailure: deciding, now: now) {
            return IdentityError.signInLocked(retryAfter: now.duration(to: end))
        }
        let isOneTooMany =
            underWay > lockout.attemptsMax || lockout.lockedUntil(decidingFailure: nearest, now: now) != nil
        return isOneTooMany ? IdentityError.signInLocked(retryAfter: attemptTime) : nil
    }

    /// When attempts that are under way have ended.
    private static let attemptTime = Duration.seconds(1)

    /// Notes that an attempt failed. In the order of keys, so that two attempts do not wait for each other.
    func record(_ counters: [SignInCounter], deadline: Deadline) async throws {
        let now = Timestamp.now()
        let ordered = counters.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        try await directory.write(
            ordered.map { SignInFailureTable.record($0, now: now) }, deadline: deadline)
    }

    /// Notes that the password was right.
    func forget(_ counter: SignInCounter, deadline: Deadline) async throws {
        try await directory.write([SignInFailureTable.forget(counter)], deadline: deadline)
    }

    /// Lifts the lock of an account, in every network.
    func unlock(_ account: SignInAccount, deadline: Deadline) async throws {
        try await directory.write([SignInFailureTable.forget(account)], deadline: deadline)
    }
}

extension Timestamp {
    func duration(to later: Timestamp) -> Duration {
        .microseconds(later.microseconds - microseconds)
    }
}
