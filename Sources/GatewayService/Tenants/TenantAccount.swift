import RPC
import Reactor
import ServiceHost
import Synchronization
import Tenancy

/// What one tenant uses of this gateway: its calls under way, and its budgets of weighted calls and of recorded ones, which come back
/// with time.
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

    /// Refused calls that are answered at once: so many after a pause, and per second in the long run. A client that heeds
    /// `retry.delay_ms` makes fewer.
    private static let promptRefusalsBurst = 20
    private static let promptRefusalsPerSecond = 10
    /// How long the answer to another one waits. Whoever waits for it cannot make the next call as fast as the gateway refuses.
    private static let holdMin: UInt64 = 100_000_000
    private static let holdMax: UInt64 = 1_000_000_000
    /// Answers that wait at a time, a kilobyte each: those of all calls that 16 connections may have. More are given at once.
    static let heldMax = 4_096

    private let limits: Limits
    private let promptRefusals: Mutex<TokenBucket>
    private let heldCount = Atomic<Int>(0)
    private let callCount = Atomic<Int>(0)
    private let bucket: Mutex<TokenBucket>

    init(_ limits: Limits, sampling: SamplingBudget, now: UInt64) {
        self.limits = limits
        self.sampling = sampling
        promptRefusals = Mutex(
            TokenBucket(burst: Self.promptRefusalsBurst, perSecond: Self.promptRefusalsPerSecond, now: now))
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

    /// For how many nanoseconds the answer to a call waits that `begin` refused, never past half of its time, or a tenth of a second; nil: it is given at once.
    /// Each that waits is to `letGo`.
    func hold(_ refusal: RPCError, until deadline: Deadline, now: UInt64) -> UInt64? {
        guard !promptRefusals.withLock({ $0.allows(at: now) }) else { return nil }
        guard heldCount.wrappingAdd(1, ordering: .relaxed).newValue <= Self.heldMax else {
            letGo()
            return nil
        }
        let delay = refusal.retryDelay.map { $0.nanosecondsClamped } ?? 0
        let left = deadline == .never ? UInt64.max : deadline.remainingNanoseconds(at: now)
        // A call that would not wait for so long learns nothing before its time is over.
        return min(max(delay, Self.holdMin), Self.holdMax, max(Self.holdMin, left / 2))
    }

    /// An answer that waited has been given.
    func letGo() { heldCount.wrappingSubtract(1, ordering: .relaxed) }

    /// Nothing would be lost by forgetting it.
    func isIdle(now: UInt64) -> Bool {
        callCount.load(ordering: .relaxed) == 0 && heldCount.load(ordering: .relaxed) == 0
            && promptRefusals.withLock { $0.untilFull(at: now) } == 0 && bucket.withLock { $0.untilFull(at: now) } == 0
            && sampling.isFull(at: now)
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
