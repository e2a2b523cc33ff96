package import Reactor
package import Tenancy

/// Where a runner's time comes from.
package struct JobClock: Sendable {
    package let now: @Sendable () -> Timestamp
    /// Ends early when its task is cancelled.
    package let sleep: @Sendable (Duration) async -> Void

    package init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async -> Void) {
        (self.now, self.sleep) = (now, sleep)
    }

    /// The system's clock, on an event loop.
    package static func system(_ loop: EventLoop) -> JobClock {
        JobClock(now: { .now() }, sleep: { duration in try? await loop.sleep(for: duration) })
    }
}
