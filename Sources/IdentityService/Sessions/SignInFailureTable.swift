import Postgres
import Tenancy

/// The SQL of `directory.sign_in_failures`: the moments of the last failures for each key, latest first. A key is a
/// digest, so that the table holds nobody's address.
enum SignInFailureTable {
    private static let deciding = Statement(
        "SELECT failed_at[$2] FROM directory.sign_in_failures WHERE key = $1 AND failed_at[$2] IS NOT NULL")

    /// The failure that decides whether the key is locked: the `failuresMax`-th last.
    static func decidingFailure(key: [UInt8], _ lockout: SignInLockout) -> Query {
        Query(deciding) {
            $0.append(key)
            $0.append(Int32(lockout.failuresMax))
        }
    }

    private static let record = Statement(
        """
        INSERT INTO directory.sign_in_failures (key, failed_at, last_failed_at) VALUES ($1, ARRAY[$2], $2)
        ON CONFLICT ON CONSTRAINT sign_in_failures_pkey DO UPDATE
            SET failed_at = (excluded.failed_at || sign_in_failures.failed_at)[1:$3], last_failed_at = excluded.last_failed_at
        RETURNING failed_at[$3]
        """)

    /// Notes a failure; gives the one that was deciding before, NULL when there were fewer.
    static func record(key: [UInt8], _ lockout: SignInLockout, now: Timestamp) -> Query {
        Query(record) {
            $0.append(key)
            $0.append(now)
            $0.append(Int32(lockout.failuresMax + 1))
        }
    }

    private static let forget = Statement("DELETE FROM directory.sign_in_failures WHERE key = $1")

    static func forget(key: [UInt8]) -> Query {
        Query(forget) { $0.append(key) }
    }

    private static let removeOld = Statement(
        "DELETE FROM directory.sign_in_failures WHERE last_failed_at < $1")

    static func removeOld(before moment: Timestamp) -> Query {
        Query(removeOld) { $0.append(moment) }
    }
}
