import Glibc

/// A point in time: microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's timestamptz.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    package init(seconds: Int64) { self.init(microseconds: seconds * 1_000_000) }

    /// The time of the system clock.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    /// As google.protobuf.Timestamp has it: seconds since 1970, rounded down, and the rest in nanoseconds.
    package var secondsAndNanos: (seconds: Int64, nanos: Int32) {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0
            ? (quotient - 1, Int32(remainder + 1_000_000) * 1000) : (quotient, Int32(remainder) * 1000)
    }

    public func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(microseconds: microseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }
}
