import Histogram
import RPC

/// How a call went.
enum CallOutcome {
    /// Bytes of the answer.
    case answered(bytes: Int)
    case failed(RPCError)

    /// Whether its latency counts: that of a call refused at once says nothing about how long answers take, that of one which
    /// ran out of time does.
    var hasLatency: Bool {
        switch self {
        case .answered: true
        case .failed(let error): error.code == .deadlineExceeded
        }
    }
}

/// Counts measured calls. Latencies are microseconds.
struct BenchRecorder {
    /// Calls that ended within one interval.
    struct Interval {
        var calls = 0
        var errors = 0
        var latencies = BenchRecorder.histogram(.two)
    }

    /// From when a call was due to its answer.
    private(set) var latencies = BenchRecorder.histogram(.three)
    /// From when a call was sent to its answer.
    private(set) var serviceTimes = BenchRecorder.histogram(.three)
    private(set) var intervals: [Interval] = []
    /// By code and reason, as in UNAVAILABLE rpc/DRAINING.
    private(set) var errors: [String: Int] = [:]
    private(set) var callCount = 0
    private(set) var errorCount = 0
    private(set) var answerBytes = 0
    /// When the last measured call ended, after the warm-up.
    private(set) var lastEnd: Duration = .zero

    let warmUp: Duration
    /// Length of an interval: a second, and twice as long each time that there are too many.
    private(set) var interval: Duration = .seconds(1)

    init(warmUp: Duration) {
        self.warmUp = warmUp
    }

    /// - Parameters:
    ///   - began: when it was sent.
    ///   - now: when it ended.
    mutating func record(_ outcome: CallOutcome, of arrival: Arrival, began: Duration, ended now: Duration) {
        guard arrival.isMeasured else { return }
        callCount += 1
        lastEnd = max(lastEnd, now - warmUp)
        while (now - warmUp) / interval >= Double(BenchLimits.intervalCountMax) { mergeIntervals() }
        let place = Int((now - warmUp) / interval)
        while intervals.count <= place { intervals.append(Interval()) }
        intervals[place].calls += 1
        switch outcome {
        case .answered(let bytes): answerBytes += bytes
        case .failed(let error):
            errorCount += 1
            intervals[place].errors += 1
            count("\(error.code.name) \(error.domain)/\(error.reason)")
        }
        guard outcome.hasLatency else { return }
        let latency = Self.microseconds(now - arrival.due)
        latencies.record(latency)
        serviceTimes.record(Self.microseconds(now - began))
        intervals[place].latencies.record(latency)
    }

    /// Makes one interval of each two.
    private mutating func mergeIntervals() {
        interval *= 2
        intervals = stride(from: 0, to: intervals.count, by: 2).map { place in
            var merged = intervals[place]
            guard place + 1 < intervals.count else { return merged }
            merged.calls += intervals[place + 1].calls
            merged.errors += intervals[place + 1].errors
            merged.latencies.add(intervals[place + 1].latencies)
            return merged
        }
    }

    private mutating func count(_ kind: String) {
        let isKnown = errors[kind] != nil || errors.count < BenchLimits.errorKindCountMax
        errors[isKnown ? kind : "OTHER", default: 0] += 1
    }

    private static func histogram(_ digits: SignificantDigits) -> Histogram<UInt64> {
        var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: digits)
        histogram.autoResize = true
        return histogram
    }

    private static func microseconds(_ duration: Duration) -> UInt64 {
        UInt64(max(0, duration / .microseconds(1)))
    }
}
