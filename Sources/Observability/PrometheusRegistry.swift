package import CoreMetrics
import Synchronization

/// swift-metrics factory that keeps every series in memory and writes them in Prometheus' text format.
///
/// The lock guards the making and listing of series only. Make a `Counter`, `Gauge` or `Timer` once and keep it:
/// recording then touches nothing but its own atomics.
package final class PrometheusRegistry: MetricsFactory {
    /// Most series of one metric. A label whose values come from outside could otherwise fill the memory here and in
    /// Prometheus; further ones share the series whose labels are all `_other`.
    package static let seriesPerMetricMax = 1_000
    static let overflowLabel = "_other"

    enum Kind: String { case counter, gauge, histogram }

    enum Series {
        case counter(CounterSeries)
        case gauge(GaugeSeries)
        case histogram(HistogramSeries)
    }

    /// The series of one name, by their rendered labels.
    struct Family {
        let kind: Kind
        var series: [String: Series] = [:]
        /// What the rendered labels say.
        var dimensions: [String: [(String, String)]] = [:]
    }

    private struct State { var families: [String: Family] = [:] }

    private let state = Mutex(State())
    private let mergedSeries = CounterSeries()
    private let prefix: String

    /// Names begin with `prefix` and an underscore.
    package init(prefix: String = "steward") {
        self.prefix = prefix
        let name = fullName(MetricName.mergedSeries, suffix: "_total")
        state.withLock { $0.families[name] = Family(kind: .counter, series: ["": .counter(mergedSeries)]) }
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let made = series(label, "_total", .counter, dimensions) { .counter(CounterSeries()) }
        guard case .counter(let counter) = made else { return NOOPMetricsHandler.instance }
        return counter
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        if !aggregate { return gauge(label, dimensions) ?? NOOPMetricsHandler.instance }
        let made = series(label, "", .histogram, dimensions) { .histogram(HistogramSeries(.amounts)) }
        guard case .histogram(let histogram) = made else { return NOOPMetricsHandler.instance }
        return histogram
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let made = series(label, "_seconds", .histogram, dimensions) { .histogram(HistogramSeries(.seconds)) }
        guard case .histogram(let histogram) = made else { return NOOPMetricsHandler.instance }
        return histogram
    }

    // A series stays until the process ends: a counter that vanished and came back would look like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    /// Everything in Prometheus' text format, version 0.0.4, names and labels in alphabetical order.
    package func exposition() -> String {
        let families = state.withLock { $0.families }
        var text = PrometheusText()
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { text.append(name, family) }
        return text.text
    }

    /// What the counters or gauges of a metric hold together, by the value of one dimension; empty when there are none.
    package func totals(of label: String, by dimension: String) -> [String: Double] {
        let families = state.withLock { $0.families }
        var totals: [String: Double] = [:]
        for name in [fullName(label, suffix: ""), fullName(label, suffix: "_total")] {
            guard let family = families[name] else { continue }
            for (labels, series) in family.series {
                let key = family.dimensions[labels]?.first { $0.0 == dimension }?.1 ?? ""
                switch series {
                case .counter(let counter): totals[key, default: 0] += Double(counter.value)
                case .gauge(let gauge): totals[key, default: 0] += gauge.value
                case .histogram: continue
                }
            }
        }
        return totals
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries? {
        guard case .gauge(let gauge) = series(label, "", .gauge, dimensions, { .gauge(GaugeSeries()) }) else {
            return nil
        }
        return gauge
    }

    /// The series of this name and these labels, made if it is new. Nil when the name has another kind already, which
    /// is a mistake in a program that must not stop it: the values then go nowhere.
    private func series(
        _ label: String, _ suffix: String, _ kind: Kind, _ dimensions: [(String, String)],
        _ make: () -> Series
    ) -> Series? {
        let name = fullName(label, suffix: suffix)
        let labels = PrometheusText.labels(dimensions)
        return state.withLock { state in
            var family = state.families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return nil }
            if let known = family.series[labels] { return known }
            var key = labels
            if family.series.count >= Self.seriesPerMetricMax {
                mergedSeries.increment(by: 1)
                key = PrometheusText.labels(dimensions.map { ($0.0, Self.overflowLabel) })
                if let known = family.series[key] { return known }
            }
            let made = make()
            family.series[key] = made
            family.dimensions[key] = key == labels ? dimensions : dimensions.map { ($0.0, Self.overflowLabel) }
            state.families[name] = family
            return made
        }
    }

    private func fullName(_ label: String, suffix: String) -> String {
        let name = "\(prefix)_\(PrometheusText.name(label))"
        return name.hasSuffix(suffix) ? name : name + suffix
    }
}
