import Synchronization
import Testing

@testable import Reactor

@Suite(.timeLimit(.minutes(1))) struct MeteredExecutorTests {
    private static func compute(milliseconds: UInt64) {
        let end = MonotonicTime.now() + milliseconds * 1_000_000
        while MonotonicTime.now() < end {}
    }

    /// What a task computes counts, before and after it waited, and the wait does not.
    @Test func computingCountsAndWaitingDoesNot() async throws {
        try await withLoop { loop in
            let meter = MeteredExecutor(loop: loop)
            let time = await Task(executorPreference: meter) {
                Self.compute(milliseconds: 2)
                try? await loop.sleep(for: .milliseconds(500))
                Self.compute(milliseconds: 3)
                return meter.nanoseconds
            }.value
            #expect(time >= 5_000_000 && time < 500_000_000)
            #expect(meter.nanoseconds >= time)
        }
    }

    /// A task may do one thing after the other.
    @Test func whatComesNextIsCountedFromItsBeginning() async throws {
        try await withLoop { loop in
            let meter = MeteredExecutor(loop: loop)
            let time = await Task(executorPreference: meter) {
                Self.compute(milliseconds: 500)
                meter.startOver()
                Self.compute(milliseconds: 1)
                return meter.nanoseconds
            }.value
            #expect(time >= 1_000_000 && time < 500_000_000)
        }
    }

    /// Tasks that have had their share and are woken at once go on one a turn, when what else is to be done is done.
    @Test func whoHadItsShareGoesOnInItsTurn() async throws {
        let steps = try await steps(computing: 1)
        #expect(steps.firstIndex(of: "other")! < steps.firstIndex(of: "a")!)
        let (a, b) = (steps.firstIndex(of: "a")!, steps.firstIndex(of: "b")!)
        #expect(a < b && steps[a..<b].contains("turn"), "\(steps)")
    }

    /// Those who did little go on at once. The time counts in which the machine does something else: so one of a few attempts decides.
    @Test func whoDidLittleGoesOnAtOnce() async throws {
        var seen: [[String]] = []
        while seen.count < 5, seen.last?.prefix(2) != ["a", "b"] { seen.append(try await steps(computing: 0)) }
        #expect(seen.last?.prefix(2) == ["a", "b"], "\(seen)")
    }

    /// Wakes two tasks that have computed so long, then another one; tells what went on in which order.
    private func steps(computing milliseconds: UInt64) async throws -> [String] {
        try await withLoop { loop in
            let steps = Mutex<[String]>([])
            let waiting = Mutex<[UnsafeContinuation<Void, Never>]>([])
            let tasks = ["a", "b"].map { name in
                let meter = MeteredExecutor(loop: loop)
                return Task(executorPreference: meter) { @Sendable in
                    // A busy machine must not make much of little.
                    if milliseconds == 0 { meter.startOver() }
                    Self.compute(milliseconds: milliseconds)
                    await withUnsafeContinuation { continuation in waiting.withLock { $0.append(continuation) } }
                    steps.withLock { $0.append(name) }
                }
            }
            while waiting.withLock({ $0.count }) < 2 { await Task.yield() }
            let counter = TurnCounter(loop) { steps.withLock { $0.append("turn") } }
            for continuation in waiting.withLock({ $0 }) { continuation.resume() }
            let other = loop.spawn { steps.withLock { $0.append("other") } }
            for task in tasks { await task.value }
            await other.value
            _ = counter.stop()
            return steps.withLock { $0 }
        }
    }

    /// A pace lets others have their turn, and does not when there is little to do.
    @Test func manyElementsTakeManyTurns() async throws {
        try await withLoop { loop in
            let counter = TurnCounter(loop)
            var pace = Pace()
            let values = await pace.map(0..<20) { number in
                Self.compute(milliseconds: 1)
                return number * 2
            }
            #expect(values == (0..<20).map { $0 * 2 })
            #expect(counter.stop() >= 19)
        }
    }
}

/// Counts the turns of a loop. On the loop.
final class TurnCounter {
    private let loop: EventLoop
    private let onTurn: () -> Void
    private var count = 0
    private var isStopped = false

    init(_ loop: EventLoop, onTurn: @escaping () -> Void = {}) {
        self.loop = loop
        self.onTurn = onTurn
        countNext()
    }

    private func countNext() {
        loop.afterTurn { [self] in
            guard !isStopped else { return }
            count += 1
            onTurn()
            countNext()
        }
    }

    /// The turns that ended since the beginning.
    func stop() -> Int {
        isStopped = true
        return count
    }
}
