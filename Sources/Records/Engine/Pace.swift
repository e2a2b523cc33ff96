import Reactor

/// The pace of a call that works on many records: after each slice of time it lets others have their turn on the loop, so that a
/// batch of a thousand makes nobody wait for all of it.
struct Pace {
    /// As long as handlers run in a turn (`CallWorkers`).
    private static let slice: UInt64 = 200_000

    private var start = MonotonicTime.now()

    /// To be called between two records.
    mutating func step() async {
        guard MonotonicTime.now() - start > Pace.slice, let loop = EventLoop.current else { return }
        await loop.takeTurn()
        start = MonotonicTime.now()
    }
}
