import Observability
import RPCTransport
import Tenancy
import Testing

@testable import ServiceHost

@Suite struct AttemptMetricsTests {
    @Test func attemptsAreCountedByPeerAndKind() {
        let registry = PrometheusRegistry()
        let metrics = AttemptMetrics(peer: .sales, factory: registry)
        for (attempt, count) in [(ExtraAttempt.retry, 3), (.hedge, 2), (.refused, 1)] {
            for _ in 0..<count { metrics.count(attempt) }
        }
        let text = registry.exposition()
        #expect(text.contains("steward_rpc_client_retries_total{service=\"sales\"} 3"))
        #expect(text.contains("steward_rpc_client_hedges_total{service=\"sales\"} 2"))
        #expect(text.contains("steward_rpc_client_retries_refused_total{service=\"sales\"} 1"))
    }
}
