/// Finds instances of a server whose calls fail while others' succeed, and takes them out for a while. No clock: it is told the time.
///
/// An instance is ejected when its calls have failed so often in a row, or far more often than those of the others within a window of
/// time. Each further ejection lasts twice as long. Never more than half of the instances are out, since then the fault is likely not
/// theirs.
package struct OutlierDetector: Sendable {
    /// When and for how long.
    package struct Rules: Sendable, Hashable {
        /// Failures in a row.
        package var failuresInRowMax = 5
        /// Calls are counted for so long from a failure on, then anew.
        package var window: Duration = .seconds(10)
        /// Calls in a window before shares say anything, of the instance and of the others together.
        package var windowCallsMin = 50
        /// How much larger the share of failures may be than that of the others.
        package var shareAboveOthersMax = 0.3
        /// The first ejection, and the longest. An instance that has done well for the longest time begins again with the first.
        package var ejectionFirst: Duration = .seconds(5)
        package var ejectionLongest: Duration = .seconds(60)

        package init() {}
    }

    private struct Instance {
        var isPresent = true
        var failuresInRow = 0
        var calls = 0
        var failures = 0
        var ejectedUntil: UInt64 = 0
        var ejections = 0
    }

    private let rules: Rules
    private var instances: [Instance] = []
    private var windowEnd: UInt64 = 0

    package init(rules: Rules = Rules()) {
        self.rules = rules
    }

    /// A new instance. Gives the number by which it is known here.
    package mutating func add() -> Int {
        if let free = instances.firstIndex(where: { !$0.isPresent }) {
            instances[free] = Instance()
            return free
        }
        instances.append(Instance())
        return instances.count - 1
    }

    /// The instance is no more; its number may be given again.
    package mutating func remove(_ number: Int) { instances[number].isPresent = false }

    /// The instance gets no calls.
    package func isEjected(_ number: Int, at now: UInt64) -> Bool { instances[number].ejectedUntil > now }

    /// A call was answered, even if with an error of the caller's making.
    package mutating func succeeded(_ number: Int) {
        instances[number].failuresInRow = 0
        instances[number].calls += 1
    }

    /// A call failed for a reason that lies with the instance. Gives for how long it is ejected, if it is.
    package mutating func failed(_ number: Int, at now: UInt64) -> Duration? {
        if now >= windowEnd { beginWindow(at: now) }
        instances[number].failuresInRow += 1
        instances[number].calls += 1
        instances[number].failures += 1
        guard !isEjected(number, at: now), isOutlier(number), mayEject(at: now) else { return nil }
        return eject(number, at: now)
    }

    private mutating func beginWindow(at now: UInt64) {
        windowEnd = now + rules.window.nanosecondsClamped
        for index in instances.indices {
            instances[index].calls = 0
            instances[index].failures = 0
        }
    }

    private func isOutlier(_ number: Int) -> Bool {
        let own = instances[number]
        if own.failuresInRow >= rules.failuresInRowMax { return true }
        var others = (calls: 0, failures: 0)
        for (index, instance) in instances.enumerated() where index != number && instance.isPresent {
            others.calls += instance.calls
            others.failures += instance.failures
        }
        guard own.calls >= rules.windowCallsMin, others.calls >= rules.windowCallsMin else { return false }
        let share = Double(own.failures) / Double(own.calls)
        return share > Double(others.failures) / Double(others.calls) + rules.shareAboveOthersMax
    }

    private func mayEject(at now: UInt64) -> Bool {
        let present = instances.count(where: \.isPresent)
        let out = instances.count { $0.isPresent && $0.ejectedUntil > now }
        return (out + 1) * 2 <= present
    }

    private mutating func eject(_ number: Int, at now: UInt64) -> Duration {
        let longest = rules.ejectionLongest.nanosecondsClamped
        if now - instances[number].ejectedUntil > longest { instances[number].ejections = 0 }
        let time = min(rules.ejectionFirst * (1 << min(instances[number].ejections, 20)), rules.ejectionLongest)
        instances[number].ejections += 1
        instances[number].failuresInRow = 0
        instances[number].calls = 0
        instances[number].failures = 0
        instances[number].ejectedUntil = now + time.nanosecondsClamped
        return time
    }
}
