/// An even pace of steps, so many a second, that nobody is kept from taking: whoever is ahead of it is told for how long to take no more.
/// Those who heed it stand in one line, each with one step in it, so that the pace holds however many they are. No clock: it is told
/// the time.
package struct StepPace: Sendable, Hashable {
    /// The longest wait told. More in the line than steps of such a time go faster than the pace: one step each in that time.
    package static let waitMax: UInt64 = 10_000_000_000
    /// Steps that come at once after a pause, as the time that they take at the pace.
    private static let burst: UInt64 = 1_000_000_000

    private let nanosecondsEach: UInt64
    /// When all steps so far would be over at the pace.
    private var doneAt: UInt64 = 0

    package init(perSecond: Int) {
        nanosecondsEach = 1_000_000_000 / UInt64(perSecond)
    }

    /// Takes note of steps taken. Gives for how many nanoseconds whoever took them is to take no more.
    package mutating func take(_ steps: Int = 1, at now: UInt64) -> UInt64 {
        doneAt = max(doneAt, now) + nanosecondsEach * UInt64(steps)
        doneAt = min(doneAt, now + Self.burst + Self.waitMax)
        return doneAt > now + Self.burst ? doneAt - now - Self.burst : 0
    }

    /// Nothing of it is used.
    package func isFull(at now: UInt64) -> Bool { doneAt <= now }
}
