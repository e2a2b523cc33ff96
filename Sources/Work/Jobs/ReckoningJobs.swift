package import Contracts
package import Logging
import RPC
package import Records
import Tenancy

/// What a service does so that records have what roll-ups say of others, and what formulas say that were defined after them.
package struct ReckoningJobs: Sendable {
    private let keeper: ReckoningKeeper
    private let exchange: RollUpExchange

    /// How long a step may take: it is bounded by its records, and by how many name these.
    private static let stepTimeout = Duration.seconds(30)
    /// When what another program asks for is looked at again: it may have been killed.
    private static let heldPause = Duration.seconds(5)

    /// - Parameters:
    ///   - service: that of the method which the ledger tells of these changes.
    ///   - peers: the services whose records are rolled up here.
    package init(_ engine: RecordEngine, _ service: JobServiceOf, _ peers: RollUpPeers, _ logger: Logger) {
        keeper = ReckoningKeeper(engine, doing: service.runJob, sources: peers.services, logger)
        exchange = RollUpExchange(engine, doing: service.runJob, peers, logger)
    }

    /// What follows from this service's records, and what other services say: who waits for one of these has the other done.
    package var standing: [StandingWork] {
        [
            StandingWork("reckoning") { [keeper] tenant in
                try await keeper.step(tenant, deadline: .after(Self.stepTimeout))
            },
            StandingWork("roll_up_exchange") { [exchange] tenant in
                switch try await exchange.step(tenant, deadline: .after(Self.stepTimeout)) {
                case .idle: .ended
                case .advanced: .goesOn
                case .held: .held(Self.heldPause)
                }
            },
        ]
    }
}
