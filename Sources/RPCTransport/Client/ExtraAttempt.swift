import RPC

/// What became of the wish to make a call once more.
package enum ExtraAttempt: Sendable, Hashable, CaseIterable {
    /// It had failed for a passing reason, and is made again.
    case retry
    /// It was silent for too long, and a second attempt is made beside it.
    case hedge
    /// Neither, since the budget for both was used up.
    case refused
}

/// Hears of each. Called on the loops; must not block.
package typealias AttemptObserver = @Sendable (ExtraAttempt) -> Void

extension ClientPool {
    /// Pays for an attempt from the budget, and counts it. False: it must not be made.
    func pay(for attempt: ExtraAttempt) -> Bool {
        let isPaid = retryBudget.spend()
        let outcome = isPaid ? attempt : .refused
        attempts[outcome, default: 0] += 1
        config.onAttempt(outcome)
        return isPaid
    }
}
