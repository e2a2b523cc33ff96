package import Reactor

/// Counts the turns of a loop: how often others may have had theirs. On the loop.
package final class TurnCounter {
    private let loop: EventLoop
    private let isCounted: () -> Bool
    private var isStopped = false
    /// The turns that ended since the beginning and are counted.
    package private(set) var count = 0

    package init(_ loop: EventLoop, where isCounted: @escaping () -> Bool = { true }) {
        self.loop = loop
        self.isCounted = isCounted
        countNext()
    }

    private func countNext() {
        loop.afterTurn { [self] in
            guard !isStopped else { return }
            if isCounted() { count += 1 }
            countNext()
        }
    }

    package func stop() { isStopped = true }
}
