import CoreMetrics
import Observability
import RPCTransport

/// Counts what the transport reports.
struct TransportMetrics: TransportObserver {
    private let connections: Meter
    private let accepts: Counter
    private let handshakeFailures: Counter
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) {
        connections = Meter(label: MetricName.serverConnections, factory: factory)
        accepts = Counter(label: MetricName.serverAccepts, factory: factory)
        handshakeFailures = Counter(label: MetricName.handshakeFailures, factory: factory)
        self.factory = factory
    }

    func connectionOpened() {
        accepts.increment()
        connections.increment()
    }

    func connectionClosed() { connections.decrement() }

    func handshakeFailed() { handshakeFailures.increment() }

    // Refusals and broken protocols are rare enough to look their counters up.
    func callRefused(reason: String) {
        Counter(
            label: MetricName.serverRefusals, dimensions: [(MetricDimension.reason, reason)], factory: factory
        ).increment()
    }

    func protocolError(reason: String) {
        Counter(
            label: MetricName.serverProtocolErrors, dimensions: [(MetricDimension.reason, reason)],
            factory: factory
        ).increment()
    }
}
