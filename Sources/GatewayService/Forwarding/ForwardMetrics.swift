import CoreMetrics
import Observability
import RPC
import ServiceHost
import Synchronization
import Tenancy

/// Counts and times the calls that the gateway passes on, by the program that serves them and the status code, by method for
/// ServerService/GetStatistics, and those that it refuses itself.
final class ForwardMetrics: Sendable {
    private struct Key: Hashable {
        let service: ServiceName
        let code: Int32
    }

    let statistics: CallStatistics
    private let numbers: PathTable<Int>
    private let factory: any MetricsFactory
    /// Made when a code first occurs.
    private let timers = Mutex<[Key: CoreMetrics.Timer]>([:])
    /// Made when a reason first occurs.
    private let refusals = Mutex<[String: Counter]>([:])

    init(statistics: CallStatistics, factory: any MetricsFactory) {
        self.statistics = statistics
        self.factory = factory
        numbers = PathTable(statistics.methods.enumerated().map { (path: $0.element.path, value: $0.offset) })
    }

    /// The number of a method; nil for one that this gateway does not know, which a newer service may.
    func number(of path: UnsafeRawBufferPointer) -> Int? { numbers.find(path) }

    /// The method with the number.
    func method(_ number: Int) -> MethodDefinition { statistics.methods[number] }

    /// A call is passed on.
    func began() { statistics.begin() }

    /// A call that was passed on has ended; it took so long at the gateway.
    func ended(_ service: ServiceName, method: Int?, _ code: StatusCode, nanoseconds: UInt64) {
        statistics.end(method: method ?? statistics.methods.count, code: code, nanoseconds: nanoseconds)
        timer(for: Key(service: service, code: Int32(code.rawValue)), code)
            .recordNanoseconds(Int64(clamping: nanoseconds))
    }

    /// A call was not passed on; the gateway's own reasons are few.
    func refused(reason: String) {
        refusals.withLock { refusals in
            let counter =
                refusals[reason]
                ?? Counter(
                    label: MetricName.serverRefusals, dimensions: [(MetricDimension.reason, reason)], factory: factory)
            refusals[reason] = counter
            counter.increment()
        }
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
