import RPC
import Synchronization

/// Bounds how many log lines say the same thing. What comes by the thousand is counted each time by the metrics, and written some times
/// a second, each with the number of lines that were left out before it.
package final class LineBudget: Sendable {
    /// Lines with the same reason: so many at once, and per second in the long run.
    private static let burst = 10
    private static let perSecond = 5
    /// Reasons kept apart. There are fewer; more would share one budget.
    private static let reasonCountMax = 256

    private struct Reason {
        var bucket: TokenBucket
        var leftOut: UInt64 = 0
    }

    private let reasons = Mutex<[String: Reason]>([:])

    package init() {}

    /// A line with this reason may be written: how many were not since the last one. Nil: it may not. `now` is monotonic nanoseconds.
    package func take(_ reason: String, now: UInt64) -> UInt64? {
        reasons.withLock { reasons in
            let key = reasons[reason] != nil || reasons.count < Self.reasonCountMax ? reason : ""
            var known =
                reasons[key] ?? Reason(bucket: TokenBucket(burst: Self.burst, perSecond: Self.perSecond, now: now))
            defer { reasons[key] = known }
            guard known.bucket.allows(at: now) else {
                known.leftOut += 1
                return nil
            }
            defer { known.leftOut = 0 }
            return known.leftOut
        }
    }
}
