import CoreMetrics
import Observability
import RPC
import Reactor

/// Counts and times calls, by method and status code: for Prometheus and for ServerService/GetStatistics.
struct CallMeasure: Interceptor {
    /// The timers of one loop, made when a method first ends with a code.
    // SAFETY: confined to its loop.
    private final class LoopTimers: @unchecked Sendable {
        var timers: [[CoreMetrics.Timer?]]

        init(methodCount: Int) {
            timers = Array(repeating: Array(repeating: nil, count: CallMeasure.codeCount), count: methodCount)
        }
    }

    /// Canonical codes; a handler gives no other.
    private static let codeCount = 17

    private let statistics: CallStatistics
    private let loops: [LoopTimers]
    private let inFlight: Meter
    private let factory: any MetricsFactory

    init(statistics: CallStatistics, loopCount: Int, factory: any MetricsFactory) {
        self.statistics = statistics
        self.factory = factory
        loops = (0..<loopCount).map { _ in LoopTimers(methodCount: statistics.methods.count) }
        inFlight = Meter(label: MetricName.serverCallsInFlight, factory: factory)
    }

    func admit(_ context: CallContext) throws {
        inFlight.increment()
        statistics.begin()
    }

    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        inFlight.decrement()
        statistics.end(
            method: context.methodNumber, code: outcome.code, nanoseconds: outcome.durationNanoseconds)
        timer(context.methodNumber, outcome.code)?.recordNanoseconds(Int64(clamping: outcome.durationNanoseconds))
    }

    private func timer(_ method: Int, _ code: StatusCode) -> CoreMetrics.Timer? {
        guard let loop = EventLoop.current, loops.indices.contains(loop.index) else { return nil }
        let own = loops[loop.index]
        let number = Int(code.rawValue)
        guard own.timers.indices.contains(method), own.timers[method].indices.contains(number) else { return nil }
        if let known = own.timers[method][number] { return known }
        let labels = [
            (MetricDimension.method, statistics.methods[method].path), (MetricDimension.code, code.name),
        ]
        let made = CoreMetrics.Timer(label: MetricName.serverDuration, dimensions: labels, factory: factory)
        own.timers[method][number] = made
        return made
    }
}
