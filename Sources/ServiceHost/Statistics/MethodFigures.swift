import Contracts
import Observability
import RPC

/// The counts and times of methods as messages.
enum MethodFigures {
    /// The methods that were called at least once.
    static func make(_ tally: CallTally, _ methods: [MethodDefinition], areForwarded: Bool) -> [MethodStatistics] {
        zip(methods, tally.methods).compactMap { method, counted in
            counted.map { make(method, $0, areForwarded) }
        }
    }

    private static func make(
        _ method: MethodDefinition, _ counted: CallTally.Method, _ isForwarded: Bool
    ) -> MethodStatistics {
        let codes = counted.countsByCode.enumerated().filter { $0.element > 0 }.map {
            CodeCount(code: StatusCode(rawValue: Int32($0.offset)).name, count: $0.element)
        }
        return MethodStatistics(
            method: method.path, forwarded: isForwarded ? true : nil, count: counted.count, codes: codes,
            latency: LatencyStatistics(
                p50Us: microseconds(counted.nanoseconds(atPercentile: 50)),
                p95Us: microseconds(counted.nanoseconds(atPercentile: 95)),
                p99Us: microseconds(counted.nanoseconds(atPercentile: 99)),
                maxUs: microseconds(counted.nanosecondsMax)))
    }

    private static func microseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1_000 }
}
