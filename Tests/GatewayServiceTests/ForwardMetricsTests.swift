import Catalogue
import Contracts
import Observability
import RPC
import Reactor
import ServiceHost
import Tenancy
import Testing

@testable import GatewayService

@Suite struct ForwardMetricsTests {
    @Test func callsAreCountedByServiceAndCode() async throws {
        let registry = PrometheusRegistry()
        let loops = try EventLoopGroup(count: 1)
        let statistics = CallStatistics(methods: DestinationTable(ContractCatalogue.all.methods).methods, loops: loops)
        let metrics = ForwardMetrics(statistics: statistics, factory: registry)
        let path = "steward.customer.v1.AccountService/GetAccount"
        let number = try #require(Array(path.utf8).withUnsafeBytes { metrics.number(of: $0) })
        #expect(metrics.method(number).path == path)
        await Task(executorPreference: loops.loops[0]) {
            for _ in 0..<4 { metrics.began() }
            metrics.ended(.customer, method: number, .ok, nanoseconds: 1_000)
            metrics.ended(.customer, method: number, .ok, nanoseconds: 2_000)
            // A method that a newer service knows counts for its program.
            metrics.ended(.sales, method: nil, .unavailable, nanoseconds: 3_000)
        }.value
        let tally = await statistics.tally()
        #expect(tally.openCount == 1)
        #expect(tally.methods[number]?.count == 2)
        #expect(tally.methods.compactMap { $0 }.count == 1)
        metrics.refused(reason: "TENANT_CALLS_LIMIT")
        let text = registry.exposition()
        let count = "steward_gateway_forward_duration_seconds_count"
        #expect(text.contains("\(count){code=\"OK\",service=\"customer\"} 2"))
        #expect(text.contains("\(count){code=\"UNAVAILABLE\",service=\"sales\"} 1"))
        #expect(text.contains("steward_rpc_server_refusals_total{reason=\"TENANT_CALLS_LIMIT\"} 1"))
        loops.shutdown()
    }
}
