import Observability
import RPC
import Reactor
import Tenancy
import Testing

@testable import GatewayService

@Suite struct ForwardMetricsTests {
    @Test func callsAreCountedByServiceAndCode() {
        let registry = PrometheusRegistry()
        let metrics = ForwardMetrics(factory: registry)
        let begin = MonotonicTime.now()
        metrics.ended(.customer, .ok, since: begin)
        metrics.ended(.customer, .ok, since: begin)
        metrics.ended(.sales, .unavailable, since: begin)
        metrics.refused(reason: "TENANT_CALLS_LIMIT")
        let text = registry.exposition()
        let count = "steward_gateway_forward_duration_seconds_count"
        #expect(text.contains("\(count){code=\"OK\",service=\"customer\"} 2"))
        #expect(text.contains("\(count){code=\"UNAVAILABLE\",service=\"sales\"} 1"))
        #expect(text.contains("steward_rpc_server_refusals_total{reason=\"TENANT_CALLS_LIMIT\"} 1"))
    }
}
