import Synchronization

/// Bounds how many calls are recorded because their callers say so. Past it a trace goes on with its sampled flag cleared, so that
/// no program further on records it either.
package final class SamplingBudget: Sendable {
    package struct Limits: Sendable, Hashable {
        /// Calls in a second, in the long run; 0: callers have no say.
        package var perSecond: Int
        /// Calls at once, after a pause.
        package var burst: Int

        package init(perSecond: Int, burst: Int) {
            self.perSecond = perSecond
            self.burst = burst
        }
    }

    private let limits: Limits
    private let bucket: Mutex<TokenBucket>
    private let onRefusal: @Sendable () -> Void

    /// A full budget. `onRefusal` hears of each call whose flag is cleared. `now` is monotonic nanoseconds, here as below.
    package init(_ limits: Limits, now: UInt64, onRefusal: @escaping @Sendable () -> Void) {
        self.limits = limits
        self.onRefusal = onRefusal
        bucket = Mutex(TokenBucket(burst: limits.burst, perSecond: limits.perSecond, now: now))
    }

    /// A full budget of the same size for somebody else.
    package func another(now: UInt64) -> SamplingBudget { SamplingBudget(limits, now: now, onRefusal: onRefusal) }

    /// The trace that a call came with, recorded only if its caller wants it and the budget allows it.
    package func bound(_ trace: TraceContext, at now: UInt64) -> TraceContext {
        guard trace.isSampled else { return trace }
        if limits.perSecond > 0, bucket.withLock({ $0.allows(at: now) }) { return trace }
        onRefusal()
        var unsampled = trace
        unsampled.isSampled = false
        return unsampled
    }

    /// Nothing of it is used.
    package func isFull(at now: UInt64) -> Bool { bucket.withLock { $0.untilFull(at: now) } == 0 }
}
