import Glibc

/// A point on the monotonic clock (CLOCK_MONOTONIC, the clock of the event loops) until which a caller waits.
package struct Deadline: Sendable, Hashable, Comparable {
    /// Nanoseconds of the monotonic clock.
    package let nanoseconds: UInt64

    package init(nanoseconds: UInt64) {
        self.nanoseconds = nanoseconds
    }

    /// No limit.
    package static let never = Deadline(nanoseconds: .max)

    /// The point so far from now; `never` if that does not fit.
    package static func after(_ duration: Duration) -> Deadline {
        after(duration, from: now)
    }

    /// The point so far from `start` (monotonic nanoseconds).
    package static func after(_ duration: Duration, from start: UInt64) -> Deadline {
        after(nanoseconds: duration.nanosecondsClamped, from: start)
    }

    /// The same for a wait in nanoseconds.
    package static func after(nanoseconds wait: UInt64, from start: UInt64) -> Deadline {
        let (sum, overflow) = start.addingReportingOverflow(wait)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }

    /// Time left; zero when past. About 292 years for `never`.
    package var remaining: Duration { .nanoseconds(Int64(clamping: remainingNanoseconds(at: Self.now))) }

    /// The time ran out.
    package var isPast: Bool { nanoseconds <= Self.now }

    /// Nanoseconds left at the given moment; 0 when past.
    package func remainingNanoseconds(at now: UInt64) -> UInt64 {
        nanoseconds > now ? nanoseconds - now : 0
    }

    /// Milliseconds left, rounded up so that a hop never turns a living deadline into zero; nil for `never`.
    package func remainingMilliseconds(at now: UInt64) -> UInt64? {
        guard self != .never else { return nil }
        let left = remainingNanoseconds(at: now)
        return left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1)
    }

    package static func < (a: Deadline, b: Deadline) -> Bool { a.nanoseconds < b.nanoseconds }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds, 0 for a negative duration, the largest number if it does not fit.
    package var nanosecondsClamped: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return carry ? .max : sum
    }

    /// Whole milliseconds, rounded down.
    package var millisecondsClamped: UInt64 { nanosecondsClamped / 1_000_000 }
}
