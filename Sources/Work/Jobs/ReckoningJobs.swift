package import Contracts
package import Logging
import RPC
package import Records
import Tenancy

/// What a service does so that records have what roll-ups say of others, and what formulas say that were defined after them.
package struct ReckoningJobs: Sendable {
    private let keeper: ReckoningKeeper
    private let exchange: RollUpExchange

    /// How long it may take with one kind of records: it is bounded by these, and by how many name them.
    private static let stepTimeout = Duration.seconds(30)
    /// When what another program is at is looked at again: it may have been killed.
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
        let (keeper, exchange) = (keeper, exchange)
        return [
            StandingWork(
                "reckoning", step: { Self.outcome(try await keeper.step($0, timeout: Self.stepTimeout)) },
                left: { keeper.leave($0) }),
            StandingWork(
                "roll_up_exchange", step: { Self.outcome(try await exchange.step($0, timeout: Self.stepTimeout)) },
                left: { exchange.leave($0) }),
        ]
    }

    private static func outcome(_ step: ReckoningStep) -> StandingWork.Outcome {
        switch step {
        case .idle: .ended
        case .advanced: .goesOn
        case .held: .held(heldPause)
        }
    }
}
