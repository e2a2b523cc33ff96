package import CoreMetrics
import Observability
import Synchronization
import Tenancy

/// How far consumers are behind, by their name. A tenant is no dimension: there are thousands.
package final class FeedMeter: Sendable {
    private let factory: any MetricsFactory
    /// What each consumer has before it, in the tenants where that is something.
    private let backlogs = Mutex<[String: [TenantID: FeedBacklog]]>([:])

    package init(_ factory: any MetricsFactory) { self.factory = factory }

    /// The effect of these events is done.
    func note(_ events: [FeedEvent], of consumer: String) {
        guard let earliest = events.map(\.time).min() else { return }
        Counter(label: MetricName.feedEvents, dimensions: labels(consumer), factory: factory).increment(
            by: events.count)
        Timer(label: MetricName.feedLag, dimensions: labels(consumer), factory: factory)
            .recordMicroseconds(max(0, Timestamp.now().microseconds - earliest.microseconds))
    }

    func note(_ backlog: FeedBacklog, of consumer: String, _ program: TenantActor) {
        change(of: consumer, program) { _ in backlog }
    }

    /// The consumer is late at least since then, whatever it has still to read.
    func note(lateSince moment: Timestamp, of consumer: String, _ program: TenantActor) {
        change(of: consumer, program) { backlog in
            FeedBacklog(count: backlog.count, earliest: min(backlog.earliest ?? moment, moment))
        }
    }

    private func change(of consumer: String, _ program: TenantActor, _ body: (FeedBacklog) -> FeedBacklog) {
        let (count, earliest) = backlogs.withLock { all in
            let backlog = body(all[consumer]?[program.tenantID] ?? .none)
            all[consumer, default: [:]][program.tenantID] = backlog == .none ? nil : backlog
            let open = all[consumer].map { Array($0.values) } ?? []
            return (open.reduce(0) { $0 + $1.count }, open.compactMap(\.earliest).min())
        }
        let now = Timestamp.now()
        let age = earliest.map { Double(now.microseconds - $0.microseconds) / 1_000_000 } ?? 0
        Gauge(label: MetricName.feedBacklog, dimensions: labels(consumer), factory: factory).record(count)
        Gauge(label: MetricName.feedBacklogAge, dimensions: labels(consumer), factory: factory).record(max(0, age))
    }

    private func labels(_ consumer: String) -> [(String, String)] { [(MetricDimension.consumer, consumer)] }
}
