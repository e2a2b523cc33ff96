package import CoreMetrics
import Observability

/// What standing work does, by its name. A tenant is no dimension: there are thousands.
package struct StandingMeter: Sendable {
    /// What a step came to.
    enum Outcome: String {
        case goesOn = "goes_on", ended, failed
    }

    private let factory: any MetricsFactory

    package init(_ factory: any MetricsFactory) { self.factory = factory }

    func stepped(_ work: String, _ outcome: Outcome) {
        Counter(
            label: MetricName.standingSteps,
            dimensions: [(MetricDimension.work, work), (MetricDimension.outcome, outcome.rawValue)],
            factory: factory
        ).increment()
    }
}
