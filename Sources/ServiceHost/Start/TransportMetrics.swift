import CoreMetrics
import Observability
import RPCTransport

/// Counts what the transport reports.
struct TransportMetrics: TransportObserver {
    private let connections: Meter
    private let accepts: Counter
    private let handshakeFailures: Counter
    private let queued: Meter
    private let queueWait: Timer
    private let factory: any MetricsFactory

    init(factory: any MetricsFactory) {
        connections = Meter(label: MetricName.serverConnections, factory: factory)
        accepts = Counter(label: MetricName.serverAccepts, factory: factory)
        handshakeFailures = Counter(label: MetricName.handshakeFailures, factory: factory)
        queued = Meter(label: MetricName.serverCallsQueued, factory: factory)
        queueWait = Timer(label: MetricName.serverQueueWait, factory: factory)
        self.factory = factory
    }

    func connectionOpened() {
        accepts.increment()
        connections.increment()
    }

    func connectionClosed() { connections.decrement() }

    func handshakeFailed() { handshakeFailures.increment() }

    func callsQueued(by change: Int) {
        change > 0 ? queued.increment(by: Double(change)) : queued.decrement(by: Double(-change))
    }

    func callWaited(nanoseconds: UInt64) { queueWait.recordNanoseconds(Int64(clamping: nanoseconds)) }

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
