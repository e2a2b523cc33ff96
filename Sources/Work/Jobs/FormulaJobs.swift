package import Contracts
package import Logging
import RPC
package import Records
import Tenancy

/// What a service does so that records have what formulas say that were defined after them.
package struct FormulaJobs: Sendable {
    private let keeper: FormulaKeeper

    /// How long a step may take: it is bounded by its records.
    private static let stepTimeout = Duration.seconds(8)

    /// - Parameter service: that of the method which the ledger tells of these changes.
    package init(_ engine: RecordEngine, _ service: JobServiceOf, _ logger: Logger) {
        keeper = FormulaKeeper(engine, doing: service.runJob, logger)
    }

    package var standing: StandingWork {
        StandingWork("formulas") { [keeper] tenant in
            try await keeper.step(tenant, deadline: .after(Self.stepTimeout))
        }
    }
}
