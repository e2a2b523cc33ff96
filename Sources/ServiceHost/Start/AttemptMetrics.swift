import CoreMetrics
import Observability
import RPCTransport
import Tenancy

/// Counts what this program does beyond the first attempts of its calls to one of its peers.
struct AttemptMetrics: Sendable {
    private let retries: Counter
    private let hedges: Counter
    private let refused: Counter

    init(peer: ServiceName, factory: any MetricsFactory) {
        let labels = [(MetricDimension.service, peer.rawValue)]
        retries = Counter(label: MetricName.clientRetries, dimensions: labels, factory: factory)
        hedges = Counter(label: MetricName.clientHedges, dimensions: labels, factory: factory)
        refused = Counter(label: MetricName.clientRetriesRefused, dimensions: labels, factory: factory)
    }

    func count(_ attempt: ExtraAttempt) {
        switch attempt {
        case .retry: retries.increment()
        case .hedge: hedges.increment()
        case .refused: refused.increment()
        }
    }
}
