import Glibc

/// The clock of deadlines and timers: nanoseconds since an arbitrary start, never set back, not counted while
/// the machine is suspended.
package enum MonotonicTime {
    /// Nanoseconds now. A system call without a switch to the kernel: about 20 ns.
    package static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// `duration` in nanoseconds; 0 when negative, `Int64.max` (292 years) when longer than that.
    package static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return UInt64(Int64.max) }
        return min(UInt64(scaled) + UInt64(attoseconds / 1_000_000_000), UInt64(Int64.max))
    }

    /// The moment `duration` after `start`.
    package static func moment(_ duration: Duration, after start: UInt64) -> UInt64 {
        let (sum, overflow) = start.addingReportingOverflow(nanoseconds(duration))
        return overflow ? UInt64.max : sum
    }
}
