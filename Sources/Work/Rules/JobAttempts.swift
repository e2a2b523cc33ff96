/// How often a step that fails is tried, and how long it waits in between: twice as long each time.
package struct JobAttempts: Hashable, Sendable {
    /// The first one included. At least 1.
    package let countMax: Int
    package let firstWait: Duration
    package let longestWait: Duration

    package init(_ countMax: Int, firstWait: Duration = .seconds(5), longestWait: Duration = .seconds(3600)) {
        precondition(countMax > 0 && firstWait > .zero && longestWait >= firstWait, "a step is tried, and waits")
        (self.countMax, self.firstWait, self.longestWait) = (countMax, firstWait, longestWait)
    }

    /// How long to wait after so many attempts have failed. Many jobs that failed together do not come back together.
    ///
    /// - Parameter jitter: chance, from 0 to 1: it takes off up to half of the wait.
    package func wait(after failures: Int, jitter: Double) -> Duration {
        var wait = firstWait
        for _ in 1..<max(failures, 1) where wait < longestWait { wait = min(wait * 2, longestWait) }
        return wait * (1 - min(max(jitter, 0), 1) / 2)
    }
}
