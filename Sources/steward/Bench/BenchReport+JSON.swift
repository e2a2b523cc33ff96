import Histogram

extension BenchReport {
    /// The result for programs: everything, with the whole distribution.
    var json: String {
        JSONText.object([
            ("method", JSONText.quoted(method)), ("load", JSONText.quoted(load)),
            ("loop", JSONText.quoted(isOpen ? "open" : "closed")),
            ("connections", "\(connections)"), ("interrupted", "\(wasInterrupted)"), ("seconds", number(seconds)),
            ("calls", "\(calls)"), ("calls_per_second", number(callsPerSecond)), ("errors", "\(errorCount)"),
            ("late", "\(late)"), ("unsent", "\(unsent)"), ("request_bytes", "\(requestBytes)"),
            ("answer_bytes", "\(answerBytes)"),
            ("errors_by_kind", JSONText.object(errors.map { ($0.kind, "\($0.count)") })),
            ("latency_ms", JSONText.object(summary)),
            ("latency_distribution", JSONText.array(quantiles.map(object))),
            ("intervals", JSONText.array(intervals.map(object))),
        ])
    }

    private var summary: [(name: String, value: String)] {
        guard latencies.totalCount > 0 else { return [] }
        let percentiles = [50, 90, 99, 99.9].map { percentile in
            (
                name: "p\(NumberText.short(percentile))",
                value: number(Self.milliseconds(latencies.valueAtPercentile(percentile)))
            )
        }
        return percentiles + [
            ("max", number(Self.milliseconds(latencies.max))), ("mean", number(latencies.mean / 1_000)),
        ]
    }

    private func object(_ quantile: Quantile) -> String {
        "{\"percentile\": \(number(quantile.percentile)), \"ms\": \(number(quantile.milliseconds))}"
    }

    private func object(_ interval: Interval) -> String {
        let members = [
            ("second", number(interval.second)), ("calls_per_second", number(interval.callsPerSecond)),
            ("errors_per_second", number(interval.errorsPerSecond)), ("p50_ms", interval.p50.map(number) ?? "null"),
            ("p99_ms", interval.p99.map(number) ?? "null"),
        ]
        return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    /// To the millionth: finer than anything measured.
    private func number(_ value: Double) -> String {
        value.isFinite ? "\((value * 1_000_000).rounded() / 1_000_000)" : "null"
    }
}
