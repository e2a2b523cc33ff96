import Synchronization
import Testing

@testable import RPC

@Suite struct SamplingBudgetTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func pastTheBudgetATraceGoesOnUnrecorded() {
        let refusals = Atomic<Int>(0)
        let budget = SamplingBudget(.init(perSecond: 2, burst: 3), now: 0) { refusals.add(1, ordering: .relaxed) }
        let wanted = TraceContext.make(isSampled: true)
        let bound = (0..<5).map { _ in budget.bound(wanted, at: 0) }
        #expect(bound.map(\.isSampled) == [true, true, true, false, false])
        #expect(bound.allSatisfy { $0.traceLow == wanted.traceLow && $0.spanID == wanted.spanID })
        #expect(refusals.load(ordering: .relaxed) == 2)
        #expect(budget.bound(wanted, at: Self.second).isSampled)
        #expect(!budget.isFull(at: Self.second) && budget.isFull(at: 3 * Self.second))
        // Somebody else has a budget of his own.
        #expect(budget.another(now: 0).bound(wanted, at: 0).isSampled)
    }

    @Test func whatNobodyWantsRecordedCostsNothing() {
        let budget = SamplingBudget(.init(perSecond: 1, burst: 1), now: 0) { Issue.record("refused") }
        for _ in 0..<10 { #expect(!budget.bound(.make(isSampled: false), at: 0).isSampled) }
        #expect(budget.bound(.make(isSampled: true), at: 0).isSampled)
    }

    @Test func withNothingASecondCallersHaveNoSay() {
        let budget = SamplingBudget(.init(perSecond: 0, burst: 100), now: 0) {}
        #expect(!budget.bound(.make(isSampled: true), at: 0).isSampled)
    }
}
