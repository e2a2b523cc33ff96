import RPC
import Reactor
import Synchronization
import Tenancy

/// The accounts of all tenants that have called. One is kept until its budgets are full again, so that a tenant gains nothing by
/// leaving and coming back.
final class TenantAccounts: Sendable {
    /// Accounts kept before those that are idle are forgotten; one takes some 200 bytes.
    private static let countBeforeSweep = 4_096

    private struct State {
        var accounts: [TenantID: TenantAccount] = [:]
        var countAtSweep = TenantAccounts.countBeforeSweep
    }

    private let limits: TenantAccount.Limits
    private let sampling: SamplingBudget
    private let state = Mutex(State())

    /// Each tenant gets a budget of recorded calls like `sampling`.
    init(_ limits: TenantAccount.Limits, sampling: SamplingBudget) {
        self.limits = limits
        self.sampling = sampling
    }

    /// The tenant's account. A session keeps it, so that a call need not look it up.
    func account(of tenant: TenantID, now: UInt64 = MonotonicTime.now()) -> TenantAccount {
        state.withLock { state in
            if let known = state.accounts[tenant] { return known }
            if state.accounts.count >= state.countAtSweep {
                Self.sweep(&state.accounts, now)
                state.countAtSweep = max(Self.countBeforeSweep, state.accounts.count * 2)
            }
            let made = TenantAccount(limits, sampling: sampling.another(now: now), now: now)
            state.accounts[tenant] = made
            return made
        }
    }

    /// An account that a session still holds stays, or its tenant would soon have two.
    private static func sweep(_ accounts: inout [TenantID: TenantAccount], _ now: UInt64) {
        for tenant in Array(accounts.keys) where accounts[tenant]?.isIdle(now: now) == true {
            guard var account = accounts.removeValue(forKey: tenant) else { continue }
            if !isKnownUniquelyReferenced(&account) { accounts[tenant] = account }
        }
    }

    /// Accounts kept.
    var count: Int { state.withLock { $0.accounts.count } }
}
