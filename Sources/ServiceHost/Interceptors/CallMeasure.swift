import CoreMetrics
import Observability
import RPC
import Synchronization

/// Counts and times calls, by method and status code.
struct CallMeasure: Interceptor {
    /// The timers of one method, made when a code first occurs.
    private final class MethodTimers: Sendable {
        let path: String
        private let byCode = Mutex<[Int32: Timer]>([:])

        init(path: String) { self.path = path }

        func timer(for code: StatusCode, _ factory: any MetricsFactory) -> Timer {
            byCode.withLock { timers in
                if let known = timers[Int32(code.rawValue)] { return known }
                let labels = [(MetricDimension.method, path), (MetricDimension.code, code.name)]
                let made = Timer(label: MetricName.serverDuration, dimensions: labels, factory: factory)
                timers[Int32(code.rawValue)] = made
                return made
            }
        }
    }

    private let methods: [String: MethodTimers]
    private let inFlight: Meter
    private let factory: any MetricsFactory

    init(methods: [MethodDefinition], factory: any MetricsFactory) {
        let timers = methods.map { ($0.path, MethodTimers(path: $0.path)) }
        self.methods = Dictionary(timers) { first, _ in first }
        self.factory = factory
        inFlight = Meter(label: MetricName.serverCallsInFlight, factory: factory)
    }

    func admit(_ context: CallContext) throws { inFlight.increment() }

    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        inFlight.decrement()
        methods[context.method.path]?.timer(for: outcome.code, factory)
            .recordNanoseconds(Int64(clamping: outcome.durationNanoseconds))
    }
}
