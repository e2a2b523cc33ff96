import CoreMetrics
import Observability
import RPCTransport
import Synchronization

/// Counts what the transport reports: for Prometheus and for ServerService/GetStatistics. All of it is rare beside calls.
final class TransportMetrics: TransportObserver {
    /// What has happened since the start.
    struct Counts: Sendable, Hashable {
        var accepted: UInt64 = 0
        var resumed: UInt64 = 0
        var handshakesFailed: UInt64 = 0
        var refused: [String: UInt64] = [:]
        var protocolErrors: [String: UInt64] = [:]
    }

    private let counted = Mutex(Counts())
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

    var counts: Counts { counted.withLock { $0 } }

    func connectionOpened(isResumed: Bool) {
        accepts.increment()
        connections.increment()
        counted.withLock { counts in
            counts.accepted += 1
            if isResumed { counts.resumed += 1 }
        }
    }

    func connectionClosed() { connections.decrement() }

    func handshakeFailed() {
        handshakeFailures.increment()
        counted.withLock { $0.handshakesFailed += 1 }
    }

    func callsQueued(by change: Int) {
        change > 0 ? queued.increment(by: Double(change)) : queued.decrement(by: Double(-change))
    }

    func callWaited(nanoseconds: UInt64) { queueWait.recordNanoseconds(Int64(clamping: nanoseconds)) }

    // Refusals and broken protocols are rare enough to look their counters up. Reasons are the program's own, not the peer's.
    func callRefused(reason: String) {
        Counter(
            label: MetricName.serverRefusals, dimensions: [(MetricDimension.reason, reason)], factory: factory
        ).increment()
        counted.withLock { $0.refused[reason, default: 0] += 1 }
    }

    func protocolError(reason: String) {
        Counter(
            label: MetricName.serverProtocolErrors, dimensions: [(MetricDimension.reason, reason)],
            factory: factory
        ).increment()
        counted.withLock { $0.protocolErrors[reason, default: 0] += 1 }
    }
}
