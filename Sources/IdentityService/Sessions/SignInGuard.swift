import Credentials
import Postgres
import RPC
import Tenancy

/// Counts failures to sign in, per account and per client network, and refuses attempts after too many.
///
/// The lock is looked at before a password is checked and again after it: of many guesses made at once, those that
/// end after the deciding failure learn only that the account is locked.
struct SignInGuard: Sendable {
    let directory: Directory
    var account = SignInLockout.account
    var address = SignInLockout.address

    /// The keys of one attempt.
    struct Attempt: Sendable {
        fileprivate let account: [UInt8]
        fileprivate let address: [UInt8]?

        /// `workspace` is empty for an operator. The same for accounts that exist and that do not.
        init(workspace: String, email: String, address: String?) {
            account = TokenDigest.sha256(Array("account\u{0}\(workspace)\u{0}\(email)".utf8))
            self.address = address.map {
                TokenDigest.sha256(Array("address\u{0}\(ClientNetwork(address: $0).text)".utf8))
            }
        }
    }

    /// Throws SIGN_IN_LOCKED while the account or the address is locked.
    func admit(_ attempt: Attempt, deadline: Deadline) async throws {
        let now = Timestamp.now()
        let rows = try await directory.read(
            SignInFailureTable.decidingFailure(key: attempt.account, account), deadline: deadline)
        try refuse(account, try rows.first?.optionalTimestamp(0), now)
        guard let key = attempt.address else { return }
        let byAddress = try await directory.read(
            SignInFailureTable.decidingFailure(key: key, address), deadline: deadline)
        try refuse(address, try byAddress.first?.optionalTimestamp(0), now)
    }

    /// Notes that the attempt failed and gives the error to answer with: SIGN_IN_LOCKED when the account was locked
    /// already as this failure was noted.
    func failure(_ attempt: Attempt, deadline: Deadline) async throws -> RPCError {
        let now = Timestamp.now()
        let rows = try await directory.write(
            SignInFailureTable.record(key: attempt.account, account, now: now), deadline: deadline)
        if let key = attempt.address {
            try await directory.write(
                SignInFailureTable.record(key: key, address, now: now), deadline: deadline)
        }
        let deciding = try rows[0].first?.optionalTimestamp(0)
        guard let end = account.lockedUntil(decidingFailure: deciding, now: now) else {
            return IdentityError.signInFailed
        }
        return IdentityError.signInLocked(retryAfter: now.duration(to: end))
    }

    /// Notes that the password was right. Throws SIGN_IN_LOCKED when failures meanwhile locked the account.
    func success(_ attempt: Attempt, deadline: Deadline) async throws {
        try await admit(attempt, deadline: deadline)
        try await directory.write(SignInFailureTable.forget(key: attempt.account), deadline: deadline)
    }

    private func refuse(_ lockout: SignInLockout, _ deciding: Timestamp?, _ now: Timestamp) throws {
        guard let end = lockout.lockedUntil(decidingFailure: deciding, now: now) else { return }
        throw IdentityError.signInLocked(retryAfter: now.duration(to: end))
    }
}

extension Timestamp {
    func duration(to later: Timestamp) -> Duration {
        .microseconds(later.microseconds - microseconds)
    }
}
