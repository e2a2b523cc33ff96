import Testing

/// The alert rules for operators name only metrics that the programs have.
struct MonitoringTests {
    /// What the exposition makes of the names in MetricName.swift, without the endings of counters and timers.
    static func exposed(in source: String) -> Set<String> {
        Set(
            source.matches(of: /static let \w+ = "([a-z_]+(?:\.[a-z_]+)+)"/).map { match in
                "steward_" + match.1.replacing(".", with: "_")
            })
    }

    static func unknownMetrics(in rules: String, names: Set<String>) -> [String] {
        let endings = ["", "_total", "_seconds", "_seconds_count", "_seconds_sum", "_seconds_bucket"]
        return rules.matches(of: /steward_[a-z_]+/).map { String($0.0) }.filter { metric in
            !endings.contains { metric.hasSuffix($0) && names.contains(String(metric.dropLast($0.count))) }
        }
    }

    @Test func alertsNameMetricsThatExist() {
        let names = Self.exposed(in: SourceTree.read("Sources/Observability/MetricName.swift"))
        #expect(names.count > 10)
        let rules = SourceTree.read("deploy/monitoring/alerts.yml")
        #expect(rules.contains("alert: "))
        #expect(Self.unknownMetrics(in: rules, names: names) == [])
    }

    @Test func anUnknownMetricIsFound() {
        let names = Self.exposed(in: #"package static let poolWait = "db.pool.wait""#)
        #expect(names == ["steward_db_pool_wait"])
        #expect(Self.unknownMetrics(in: "rate(steward_db_pool_wait_seconds_count[5m])", names: names) == [])
        #expect(
            Self.unknownMetrics(in: "steward_db_pool_weight > 1", names: names) == ["steward_db_pool_weight"])
    }
}
