import RPC
import Reactor
import ServiceHost
import Synchronization
import Tenancy

/// What one tenant uses of this gateway: its calls under way, its budgets of weighted calls and of recorded ones, which come back with time,
/// and the pace of what the gateway answers it by itself.
final class TenantAccount: Sendable {
    /// The limits of each tenant.
    struct Limits: Sendable, Hashable {
        /// Calls under way at a time.
        var callsMax: Int
        /// Units of cost that come back in a second; 0: not counted.
        var unitsPerSecond: Int
        /// Units that may be used at once.
        var unitsBurst: Int
    }

    /// Bounds the calls of the tenant that are recorded because its clients say so.
    let sampling: SamplingBudget

    /// Calls that the gateway refuses or answers by itself, each second: a thousandth of a loop. A client that heeds `retry.delay_ms` makes
    /// fewer.
    static let ownAnswersPerSecond = 200

    private let limits: Limits
    private let ownAnswers = Mutex(StepPace(perSecond: TenantAccount.ownAnswersPerSecond))
    private let callCount = Atomic<Int>(0)
    private let bucket: Mutex<TokenBucket>

    init(_ limits: Limits, sampling: SamplingBudget, now: UInt64) {
        self.limits = limits
        self.sampling = sampling
        bucket = Mutex(TokenBucket(burst: limits.unitsBurst, perSecond: limits.unitsPerSecond, now: now))
    }

    private var countsUnits: Bool { limits.unitsPerSecond > 0 }

    /// Begins a call: counts it and takes what it costs. Throws, with nothing counted, RESOURCE_EXHAUSTED with TENANT_CALLS_LIMIT or
    /// BUDGET_EXHAUSTED.
    func begin(cost: UInt32, now: UInt64) throws(RPCError) {
        guard callCount.wrappingAdd(1, ordering: .relaxed).newValue <= limits.callsMax else {
            callCount.wrappingSubtract(1, ordering: .relaxed)
            throw TenantCalls.refusal(callsMax: limits.callsMax)
        }
        guard countsUnits, !bucket.withLock({ $0.take(Int(cost), at: now) }) else { return }
        callCount.wrappingSubtract(1, ordering: .relaxed)
        throw exhausted(cost, now)
    }

    /// Ends a call that was begun.
    /// - Parameter cost: what it turned out to cost, if that is more than was taken.
    /// - Returns: what to tell the caller; nil when units are not counted.
    func end(taken: UInt32, cost: UInt32, now: UInt64) -> Budget? {
        callCount.wrappingSubtract(1, ordering: .relaxed)
        guard countsUnits else { return nil }
        return bucket.withLock { bucket in
            if cost > taken { bucket.charge(Int(cost - taken), at: now) }
            return Self.budget(max(cost, taken), bucket, now)
        }
    }

    /// The gateway answers a call of the tenant by itself, at the price of so many refusals. Gives for how many nanoseconds the connection that
    /// made the call is to be read no further.
    func waitAfterOwnAnswer(_ steps: Int, now: UInt64) -> UInt64 { ownAnswers.withLock { $0.take(steps, at: now) } }

    /// Nothing would be lost by forgetting it.
    func isIdle(now: UInt64) -> Bool {
        callCount.load(ordering: .relaxed) == 0 && ownAnswers.withLock { $0.isFull(at: now) }
            && bucket.withLock { $0.untilFull(at: now) } == 0 && sampling.isFull(at: now)
    }

    private func exhausted(_ cost: UInt32, _ now: UInt64) -> RPCError {
        let (wait, budget) = bucket.withLock { ($0.wait(for: Int(cost), at: now), Self.budget(0, $0, now)) }
        return RPCError(
            .resourceExhausted, reason: "BUDGET_EXHAUSTED", domain: "gateway",
            "The workspace has used up its budget: this call costs \(cost) units, and \(limits.unitsPerSecond) come back each second. Wait, or call less.",
            details: [
                (key: "cost", value: "\(cost)"), (key: "units_per_second", value: "\(limits.unitsPerSecond)"),
                (key: "units_burst", value: "\(limits.unitsBurst)"),
            ], retryDelay: .nanoseconds(Int64(clamping: wait)), budget: budget)
    }

    private static func budget(_ cost: UInt32, _ bucket: TokenBucket, _ now: UInt64) -> Budget {
        Budget(
            cost: cost, remaining: UInt32(clamping: bucket.remaining(at: now)),
            reset: .nanoseconds(Int64(clamping: bucket.untilFull(at: now))))
    }
}
