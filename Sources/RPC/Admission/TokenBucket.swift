/// A bucket of units that fills up again with time: bounds how much of something may happen at once and in the long run. No clock:
/// it is told the time.
package struct TokenBucket: Sendable, Hashable {
    private let capacity: Double
    private let perNanosecond: Double
    private var level: Double
    private var lastNanoseconds: UInt64

    /// A full bucket.
    /// - Parameters:
    ///   - burst: units that may be taken at once.
    ///   - perSecond: units that come back in a second.
    ///   - now: monotonic nanoseconds.
    package init(burst: Int, perSecond: Int, now: UInt64) {
        capacity = Double(burst)
        perNanosecond = Double(perSecond) / 1e9
        level = capacity
        lastNanoseconds = now
    }

    /// Takes a unit. False, and nothing taken, when there is none.
    package mutating func allows(at now: UInt64) -> Bool { take(1, at: now) }

    /// Takes so many units. False, and nothing taken, when there are fewer. More than the bucket holds are given when it is full.
    package mutating func take(_ units: Int, at now: UInt64) -> Bool {
        refill(now)
        guard capacity > 0, level >= min(Double(units), capacity) else { return false }
        level -= Double(units)
        return true
    }

    /// Takes units for what has happened already; the level may fall below zero, by as much as the bucket holds: whoever is to wait
    /// knows for how long at most.
    package mutating func charge(_ units: Int, at now: UInt64) {
        refill(now)
        level = max(level - Double(units), -capacity)
    }

    /// Units there now; 0 when more were charged than there were.
    package func remaining(at now: UInt64) -> Int { max(0, Int(filled(now))) }

    /// Nanoseconds until so many units are there; 0 when they are, `.max` when they never will be.
    package func wait(for units: Int, at now: UInt64) -> UInt64 {
        let missing = min(Double(units), capacity) - filled(now)
        guard missing > 0 else { return 0 }
        guard perNanosecond > 0 else { return .max }
        return UInt64((missing / perNanosecond).rounded(.up))
    }

    /// Nanoseconds until the bucket is full.
    package func untilFull(at now: UInt64) -> UInt64 { wait(for: Int(capacity), at: now) }

    private func filled(_ now: UInt64) -> Double {
        // A moment before the last one, from another loop, counts as that one.
        let elapsed = now > lastNanoseconds ? now - lastNanoseconds : 0
        return min(capacity, level + Double(elapsed) * perNanosecond)
    }

    private mutating func refill(_ now: UInt64) {
        level = filled(now)
        lastNanoseconds = max(now, lastNanoseconds)
    }
}
