import CoreMetrics
import Observability
import RPC
import Reactor
import Synchronization
import Tenancy

/// Counts and times the calls that the gateway passes on, by the program that serves them and the status code, and those
/// that it refuses itself.
final class ForwardMetrics: Sendable {
    private struct Key: Hashable {
        let service: ServiceName
        let code: Int32
    }

    private let factory: any MetricsFactory
    /// Made when a code first occurs.
    private let timers = Mutex<[Key: CoreMetrics.Timer]>([:])

    init(factory: any MetricsFactory) { self.factory = factory }

    /// A call has ended that began at `start` nanoseconds of the monotonic clock.
    func ended(_ service: ServiceName, _ code: StatusCode, since start: UInt64) {
        timer(for: Key(service: service, code: Int32(code.rawValue)), code)
            .recordNanoseconds(Int64(clamping: MonotonicTime.now() &- start))
    }

    /// A call was not passed on. Rare enough to look its counter up.
    func refused(reason: String) {
        Counter(
            label: MetricName.serverRefusals, dimensions: [(MetricDimension.reason, reason)], factory: factory
        ).increment()
    }

    private func timer(for key: Key, _ code: StatusCode) -> CoreMetrics.Timer {
        timers.withLock { timers in
            if let known = timers[key] { return known }
            let labels = [(MetricDimension.service, key.service.rawValue), (MetricDimension.code, code.name)]
            let made = CoreMetrics.Timer(label: MetricName.forwardDuration, dimensions: labels, factory: factory)
            timers[key] = made
            return made
        }
    }
}
