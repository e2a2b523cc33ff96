import RPC
import Tenancy
import Testing

@testable import GatewayService

@Suite struct TenantAccountTests {
    private static let second: UInt64 = 1_000_000_000

    private let sampling = SamplingBudget(.init(perSecond: 1, burst: 2), now: 0) {}

    private func account(calls: Int = 10, units: Int = 10, burst: Int = 100) -> TenantAccount {
        TenantAccount(.init(callsMax: calls, unitsPerSecond: units, unitsBurst: burst), sampling: sampling, now: 0)
    }

    private func tenant() -> TenantID { TenantID(RecordID.make()) }

    @Test func callsAreCountedFromBeginningToEnd() throws {
        let account = account(calls: 2)
        try account.begin(cost: 1, now: 0)
        try account.begin(cost: 1, now: 0)
        let error = #expect(throws: RPCError.self) { try account.begin(cost: 1, now: 0) }
        #expect(error?.reason == "TENANT_CALLS_LIMIT")
        _ = account.end(taken: 1, cost: 0, now: 0)
        try account.begin(cost: 1, now: 0)
    }

    @Test func theAnswerTellsCostRemainingAndReset() throws {
        let account = account()
        try account.begin(cost: 4, now: 0)
        let budget = account.end(taken: 4, cost: 0, now: 0)
        #expect(budget == Budget(cost: 4, remaining: 96, reset: .milliseconds(400)))
    }

    /// A method may tell at its end that this call was more work.
    @Test func whatACallTurnedOutToCostIsCharged() throws {
        let account = account()
        try account.begin(cost: 4, now: 0)
        #expect(account.end(taken: 4, cost: 250, now: 0)?.cost == 250)
        #expect(throws: RPCError.self) { try account.begin(cost: 1, now: 10 * Self.second) }
        try account.begin(cost: 1, now: 16 * Self.second)
    }

    @Test func aUsedUpBudgetSaysWhenToComeBackAndCountsNoCall() throws {
        let account = account(calls: 1)
        try account.begin(cost: 100, now: 0)
        _ = account.end(taken: 100, cost: 0, now: 0)
        let error = #expect(throws: RPCError.self) { try account.begin(cost: 4, now: 0) }
        #expect(error?.code == .resourceExhausted && error?.reason == "BUDGET_EXHAUSTED")
        #expect(error?.retryDelay == .milliseconds(400))
        #expect(error?.budget?.remaining == 0)
        try account.begin(cost: 4, now: Self.second)
    }

    /// A client that calls on whatever it is told is read no faster than that, and another of the workspace stands in the same line.
    @Test func answersOfTheGatewayItselfHaveAPace() {
        let account = account()
        for _ in 0..<TenantAccount.ownAnswersPerSecond { #expect(account.waitAfterOwnAnswer(1, now: 0) == 0) }
        #expect(account.waitAfterOwnAnswer(1, now: 0) == Self.second / 200)
        #expect(account.waitAfterOwnAnswer(1, now: 0) == Self.second / 100)
        #expect(!account.isIdle(now: Self.second))
        #expect(account.isIdle(now: 2 * Self.second))
    }

    @Test func withoutABudgetNothingIsTold() throws {
        let account = account(units: 0)
        for _ in 0..<1_000 {
            try account.begin(cost: 1_000, now: 0)
            #expect(account.end(taken: 1_000, cost: 0, now: 0) == nil)
        }
    }

    @Test func aTenantHasOneAccount() {
        let accounts = TenantAccounts(.init(callsMax: 1, unitsPerSecond: 10, unitsBurst: 1_000), sampling: sampling)
        let tenant = tenant()
        let held = accounts.account(of: tenant, now: 0)
        #expect(accounts.account(of: tenant, now: 0) === held)
        #expect(accounts.account(of: self.tenant(), now: 0) !== held)
    }

    /// What one tenant's clients have recorded takes nothing from another's, nor is it forgotten.
    @Test func eachTenantHasABudgetOfRecordedCalls() {
        let accounts = TenantAccounts(.init(callsMax: 1, unitsPerSecond: 10, unitsBurst: 1_000), sampling: sampling)
        let (one, other) = (accounts.account(of: tenant(), now: 0), accounts.account(of: tenant(), now: 0))
        let trace = TraceContext.make(isSampled: true)
        #expect((0..<3).map { _ in one.sampling.bound(trace, at: 0).isSampled } == [true, true, false])
        #expect(other.sampling.bound(trace, at: 0).isSampled)
        #expect(!one.isIdle(now: Self.second) && one.isIdle(now: 2 * Self.second))
    }

    /// Leaving and coming back gives no new budget, and many tenants do not pile up.
    @Test func onlyIdleAccountsThatNobodyHoldsAreForgotten() throws {
        let accounts = TenantAccounts(.init(callsMax: 1, unitsPerSecond: 10, unitsBurst: 1_000), sampling: sampling)
        let (spender, holder) = (tenant(), tenant())
        try accounts.account(of: spender, now: 0).begin(cost: 1_000, now: 0)
        _ = accounts.account(of: spender, now: 0).end(taken: 1_000, cost: 0, now: 0)
        let held = accounts.account(of: holder, now: 0)
        for _ in 0..<10_000 { _ = accounts.account(of: tenant(), now: 0) }
        #expect(accounts.count < 8_200)
        #expect(accounts.account(of: holder, now: 0) === held)
        #expect(throws: RPCError.self) { try accounts.account(of: spender, now: 0).begin(cost: 100, now: 0) }
    }
}
