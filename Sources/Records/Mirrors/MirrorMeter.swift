package import CoreMetrics
import Observability

/// What is told to mirrors, by their names. A tenant is no dimension: there are thousands.
package struct MirrorMeter: Sendable {
    private let factory: any MetricsFactory

    package init(_ factory: any MetricsFactory) { self.factory = factory }

    func told(_ count: Int, _ mirror: String) { add(count, to: MetricName.mirrorRecords, mirror) }

    func healed(_ count: Int, _ mirror: String) { add(count, to: MetricName.mirrorHealed, mirror) }

    /// Values that a mirror does not allow, and was told nothing of therefore.
    func unfit(_ count: Int, _ mirror: String) {
        if count > 0 { add(count, to: MetricName.mirrorUnfit, mirror) }
    }

    private func add(_ count: Int, to name: String, _ mirror: String) {
        Counter(label: name, dimensions: [(MetricDimension.consumer, mirror)], factory: factory).increment(by: count)
    }
}
