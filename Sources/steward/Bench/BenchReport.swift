import Histogram

/// What a benchmark measured.
struct BenchReport {
    /// A point of the latency's distribution: so many of a hundred calls took at most so long.
    struct Quantile {
        let percentile: Double
        let milliseconds: Double
    }

    /// A stretch of time.
    struct Interval {
        /// Where it begins, from the end of the warm-up.
        let second: Double
        let callsPerSecond: Double
        let errorsPerSecond: Double
        /// Nil when no answer came.
        let p50: Double?
        let p99: Double?
    }

    /// Service and method.
    let method: String
    /// The load in words, as in 500 calls/s for 10 s.
    let load: String
    let connections: Int
    /// Calls due at fixed times, so that latencies count from those.
    let isOpen: Bool
    let seconds: Double
    let calls: Int
    let errors: [(kind: String, count: Int)]
    let errorCount: Int
    let late: Int
    let unsent: Int
    let wasInterrupted: Bool
    let requestBytes: Int
    let answerBytes: Int
    let latencies: Histogram<UInt64>
    let serviceTimes: Histogram<UInt64>
    let intervals: [Interval]

    var callsPerSecond: Double { seconds > 0 ? Double(calls) / seconds : 0 }

    static func milliseconds(_ microseconds: UInt64) -> Double { Double(microseconds) / 1_000 }

    /// The distribution, denser towards the end.
    var quantiles: [Quantile] {
        guard latencies.totalCount > 0 else { return [] }
        return latencies.percentiles(ticksPerHalfDistance: 5).map {
            Quantile(
                percentile: min(100, $0.percentileLevelIteratedTo),
                milliseconds: Self.milliseconds(min($0.value, latencies.max)))
        }
    }
}

extension BenchReport {
    init(
        _ pacer: LoadPacer, _ recorder: BenchRecorder, method: String, load: String, connections: Int,
        requestBytes: Int, wasInterrupted: Bool
    ) {
        self.method = method
        self.load = load
        self.connections = connections
        if case .open = pacer.shape { isOpen = true } else { isOpen = false }
        seconds = recorder.lastEnd / .seconds(1)
        calls = recorder.callCount
        errors = recorder.errors.map { ($0.key, $0.value) }.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
        errorCount = recorder.errorCount
        late = pacer.lateCount
        unsent = pacer.unsentCount
        self.wasInterrupted = wasInterrupted
        self.requestBytes = requestBytes * recorder.callCount
        answerBytes = recorder.answerBytes
        latencies = recorder.latencies
        serviceTimes = recorder.serviceTimes
        intervals = Self.intervals(recorder)
    }

    /// The last interval may be a short one.
    private static func intervals(_ recorder: BenchRecorder) -> [Interval] {
        let width = recorder.interval / .seconds(1)
        return recorder.intervals.enumerated().map { index, interval in
            let begin = Double(index) * width
            let length = max(0.001, min(width, recorder.lastEnd / .seconds(1) - begin))
            let hasAnswers = interval.latencies.totalCount > 0
            let quantile = { hasAnswers ? milliseconds(interval.latencies.valueAtPercentile($0)) : nil }
            return Interval(
                second: begin, callsPerSecond: Double(interval.calls) / length,
                errorsPerSecond: Double(interval.errors) / length, p50: quantile(50), p99: quantile(99))
        }
    }
}
