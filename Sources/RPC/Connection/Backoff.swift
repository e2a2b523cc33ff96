/// Waiting times between attempts: doubling, capped, with jitter so that clients do not come back all at once.
package struct Backoff: Sendable, Hashable {
    private let first: Duration
    private let longest: Duration
    private(set) package var failureCount = 0

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// An attempt succeeded.
    package mutating func reset() { failureCount = 0 }

    /// An attempt failed. Gives the time to wait: between half and all of first × 2ⁿ, at most `longest`.
    /// - Parameter jitter: a random number from 0 to 1.
    package mutating func failed(jitter: Double = .random(in: 0...1)) -> Duration {
        let doublings = min(failureCount, 30)
        failureCount += 1
        let full = min(first * (1 << doublings), longest)
        return full / 2 + full / 2 * jitter
    }
}
