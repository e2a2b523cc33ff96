package import CoreMetrics
import Observability
import Tenancy

/// What runners do, by the names of jobs. A tenant is no dimension: there are thousands.
package struct JobMeter: Sendable {
    /// What a step came to.
    enum Outcome: String {
        case goesOn = "goes_on", ended, failed
        /// Another runner has the job.
        case lost
    }

    private let factory: any MetricsFactory

    package init(_ factory: any MetricsFactory) { self.factory = factory }

    func stepped(_ job: String, _ outcome: Outcome) {
        Counter(
            label: MetricName.jobSteps,
            dimensions: [(MetricDimension.job, job), (MetricDimension.outcome, outcome.rawValue)],
            factory: factory
        ).increment()
    }

    /// A job was taken for the first time, so long after it was due.
    func begun(_ job: String, late: Int64) {
        Timer(label: MetricName.jobDelay, dimensions: [(MetricDimension.job, job)], factory: factory)
            .recordMicroseconds(max(0, late))
    }

    func works(forTenants count: Int) { Gauge(label: MetricName.jobTenants, factory: factory).record(count) }
}
