package import Contracts
package import Logging
import RPC
package import Records
import Tenancy

/// What a service does so that records have what roll-ups say of others, and what formulas say that were defined after them.
package struct ReckoningJobs: Sendable {
    private let keeper: ReckoningKeeper

    /// How long a step may take: it is bounded by its records, and by how many name these.
    private static let stepTimeout = Duration.seconds(30)

    /// - Parameter service: that of the method which the ledger tells of these changes.
    package init(_ engine: RecordEngine, _ service: JobServiceOf, _ logger: Logger) {
        keeper = ReckoningKeeper(engine, doing: service.runJob, logger)
    }

    package var standing: StandingWork {
        StandingWork("reckoning") { [keeper] tenant in
            try await keeper.step(tenant, deadline: .after(Self.stepTimeout))
        }
    }
}
