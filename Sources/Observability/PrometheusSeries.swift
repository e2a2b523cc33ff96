import CoreMetrics
import Synchronization

/// A counter: never falls.
final class CounterSeries: CounterHandler {
    private let total = Atomic<Int64>(0)

    func increment(by amount: Int64) { total.wrappingAdd(amount, ordering: .relaxed) }
    func reset() { total.store(0, ordering: .relaxed) }
    var value: Int64 { total.load(ordering: .relaxed) }
}

/// A gauge: a number that rises and falls.
final class GaugeSeries: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func set(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
    func record(_ value: Int64) { set(Double(value)) }
    func decrement(by amount: Double) { increment(by: -amount) }

    func increment(by amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let outcome = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if outcome.exchanged { return }
            old = outcome.original
        }
    }
}

/// A histogram with fixed buckets: recording is a short search and two atomic additions.
final class HistogramSeries: TimerHandler, RecorderHandler {
    /// What the recorded integers are, and the upper bounds of the buckets in the exposed unit.
    struct Layout: Sendable {
        let bounds: [Double]
        /// Recorded integers are divided by it.
        let divisor: Double

        /// Nanoseconds, exposed as seconds: 100 µs to 30 s, which covers a point read and the longest deadline.
        static let seconds = Layout(
            bounds: [
                0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
                5, 10, 30,
            ], divisor: 1e9)
        /// Counts and sizes: powers of four from 1 to 16 Mi.
        static let amounts = Layout(
            bounds: [
                1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
            ], divisor: 1)
    }

    let layout: Layout
    /// Room for the longest layout and the bucket without a bound.
    private let buckets = InlineArray<18, Atomic<UInt64>> { _ in Atomic(0) }
    private let sumOfRecorded = Atomic<Int64>(0)

    init(_ layout: Layout) { self.layout = layout }

    func recordNanoseconds(_ duration: Int64) { record(duration) }
    func record(_ value: Double) { record(Int64(value.isFinite ? max(-9e18, min(9e18, value)) : 0)) }

    func record(_ value: Int64) {
        let exposed = Double(value) / layout.divisor
        let index = layout.bounds.firstIndex { exposed <= $0 } ?? layout.bounds.count
        buckets[index].wrappingAdd(1, ordering: .relaxed)
        sumOfRecorded.wrappingAdd(value, ordering: .relaxed)
    }

    /// How many values fell into each bucket, the one without a bound last.
    var counts: [UInt64] { (0...layout.bounds.count).map { buckets[$0].load(ordering: .relaxed) } }
    /// The sum in the exposed unit.
    var sum: Double { Double(sumOfRecorded.load(ordering: .relaxed)) / layout.divisor }
}
