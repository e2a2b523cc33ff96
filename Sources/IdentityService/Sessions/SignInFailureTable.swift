import Postgres
import Tenancy

/// The SQL of `directory.sign_in_failures`: the moments of the last failures for each key, latest first. Keys and accounts
/// are digests, so that the table holds nobody's address.
enum SignInFailureTable {
    private static let find = Statement(
        "SELECT failed_at[$2], failed_at[$3] FROM directory.sign_in_failures WHERE key = $1")

    /// The failure that decides for an attempt while `underWay` are under way, itself among them, and the one that decides
    /// whoever tries: the `failuresMax`-th last. NULL when there were fewer, no row when there was none.
    static func decidingFailures(_ counter: SignInCounter, underWay: Int) -> Query {
        Query(find) {
            $0.append(counter.key)
            $0.append(Int32(counter.lockout.failuresMax - underWay + 1))
            $0.append(Int32(counter.lockout.failuresMax))
        }
    }

    private static let record = Statement(
        """
        INSERT INTO directory.sign_in_failures (key, account, failed_at, last_failed_at)
        VALUES ($1, $2, ARRAY[$3], $3)
        ON CONFLICT ON CONSTRAINT sign_in_failures_pkey DO UPDATE
            SET failed_at = (excluded.failed_at || sign_in_failures.failed_at)[1:$4], last_failed_at = excluded.last_failed_at
        """)

    /// Notes a failure.
    static func record(_ counter: SignInCounter, now: Timestamp) -> Query {
        Query(record) {
            $0.append(counter.key)
            $0.append(counter.account?.digest)
            $0.append(now)
            $0.append(Int32(SignInLockout.failuresKept))
        }
    }

    private static let forget = Statement("DELETE FROM directory.sign_in_failures WHERE key = $1")

    static func forget(_ counter: SignInCounter) -> Query {
        Query(forget) { $0.append(counter.key) }
    }

    private static let forgetAccount = Statement("DELETE FROM directory.sign_in_failures WHERE account = $1")

    /// Forgets what was counted for an account, from whatever network, and so lifts its lock.
    static func forget(_ account: SignInAccount) -> Query {
        Query(forgetAccount) { $0.append(account.digest) }
    }

    private static let removeOld = Statement(
        "DELETE FROM directory.sign_in_failures WHERE last_failed_at < $1")

    static func removeOld(before moment: Timestamp) -> Query {
        Query(removeOld) { $0.append(moment) }
    }
}
