import CoreMetrics
import Observability
import Testing

@Suite struct PrometheusTests {
    private let registry = PrometheusRegistry()

    private func lines() -> [String] { registry.exposition().split(separator: "\n").map(String.init) }

    @Test func countersEndInTotal() {
        let counter = Counter(
            label: "rpc.server.refusals", dimensions: [("limit", "calls")], factory: registry)
        counter.increment(by: 2)
        counter.increment()
        #expect(lines().contains("# TYPE steward_rpc_server_refusals_total counter"))
        #expect(lines().contains("steward_rpc_server_refusals_total{limit=\"calls\"} 3"))
    }

    @Test func theSameLabelsAreTheSameSeries() {
        for order in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
            Counter(label: "same", dimensions: order, factory: registry).increment()
        }
        #expect(lines().contains("steward_same_total{a=\"1\",b=\"2\"} 2"))
    }

    @Test func gaugesRiseAndFall() {
        let gauge = Gauge(label: "calls", factory: registry)
        gauge.record(7)
        let meter = Meter(label: "connections", factory: registry)
        meter.set(2)
        meter.increment()
        meter.decrement(by: 0.5)
        #expect(lines().contains("steward_calls 7"))
        #expect(lines().contains("steward_connections 2.5"))
    }

    @Test func timersAreHistogramsOfSeconds() {
        let timer = Timer(label: "rpc.server.duration", dimensions: [("method", "m")], factory: registry)
        timer.recordNanoseconds(90_000)
        timer.recordNanoseconds(2_000_000)
        timer.recordNanoseconds(60_000_000_000)
        let all = lines()
        let name = "steward_rpc_server_duration_seconds"
        #expect(all.contains("# TYPE \(name) histogram"))
        #expect(all.contains("\(name)_bucket{method=\"m\",le=\"0.0001\"} 1"))
        #expect(all.contains("\(name)_bucket{method=\"m\",le=\"0.0025\"} 2"))
        #expect(all.contains("\(name)_bucket{method=\"m\",le=\"30\"} 2"))
        #expect(all.contains("\(name)_bucket{method=\"m\",le=\"+Inf\"} 3"))
        #expect(all.contains("\(name)_count{method=\"m\"} 3"))
        #expect(all.contains { $0.hasPrefix("\(name)_sum{method=\"m\"} 60.00209") })
    }

    @Test func labelsAreEscaped() {
        Counter(label: "odd name!", dimensions: [("la-bel", "a\"b\\c\nd")], factory: registry).increment()
        #expect(lines().contains(#"steward_odd_name__total{la_bel="a\"b\\c\nd"} 1"#))
    }

    @Test func tooManySeriesShareOne() {
        for number in 0..<(PrometheusRegistry.seriesPerMetricMax + 50) {
            Counter(label: "many", dimensions: [("id", "\(number)")], factory: registry).increment()
        }
        let many = lines().filter { $0.hasPrefix("steward_many_total{") }
        #expect(many.count == PrometheusRegistry.seriesPerMetricMax + 1)
        #expect(many.contains("steward_many_total{id=\"_other\"} 50"))
        #expect(lines().contains("steward_metrics_merged_series_total 50"))
    }

    @Test func aNameOfTwoKindsHarmsNobody() {
        Counter(label: "twice_total", factory: registry).increment()
        Gauge(label: "twice_total", factory: registry).record(5)
        #expect(lines().contains("steward_twice_total 1"))
    }

    @Test func noIncrementIsLost() async {
        let counter = Counter(label: "busy", factory: registry)
        let timer = Timer(label: "busy", factory: registry)
        let meter = Meter(label: "busy_meter", factory: registry)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<5_000 {
                        counter.increment()
                        timer.recordNanoseconds(1)
                        meter.increment()
                    }
                }
            }
        }
        #expect(lines().contains("steward_busy_total 20000"))
        #expect(lines().contains("steward_busy_seconds_count 20000"))
        #expect(lines().contains("steward_busy_meter 20000"))
    }
}
