import Synchronization

/// A clock that goes on when it is told to.
package final class HandClock: Sendable {
    private let time = Mutex(ContinuousClock.now)

    package init() {}

    package var now: ContinuousClock.Instant { time.withLock { $0 } }

    package func pass(_ duration: Duration) { time.withLock { $0 = $0.advanced(by: duration) } }
}
