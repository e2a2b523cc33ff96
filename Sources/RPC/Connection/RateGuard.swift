/// Counts events that a healthy peer makes rarely, and tells when there are too many: a bucket that fills up again with time.
package struct RateGuard: Sendable, Hashable {
    private let burst: Double
    private let perNanosecond: Double
    private var level: Double
    private var lastNanoseconds: UInt64

    /// - Parameters:
    ///   - burst: events allowed at once.
    ///   - perSecond: events allowed in the long run.
    package init(burst: Int, perSecond: Int, now: UInt64) {
        self.burst = Double(burst)
        perNanosecond = Double(perSecond) / 1e9
        level = Double(burst)
        lastNanoseconds = now
    }

    /// Takes note of an event. False when it is one too many.
    package mutating func allows(at now: UInt64) -> Bool {
        level = min(burst, level + Double(now &- lastNanoseconds) * perNanosecond)
        lastNanoseconds = now
        guard level >= 1 else { return false }
        level -= 1
        return true
    }
}
