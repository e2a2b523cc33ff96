import Tenancy

/// What one tenant has of a pool, what it waits for, and what it has used lately.
struct PoolTenant {
    struct Waiter {
        let id: PoolStateMachine.WaiterID
        let scan: Scan?
        let lane: Lane
        let since: UInt64
        let deadline: UInt64

        /// Until when it waits: behind scans not for as long as its caller does.
        var end: UInt64 { lane == .quick ? deadline : min(deadline, since &+ PoolLimits.scanWaitMax) }
    }

    /// Those who wait keep their order within a lane; one lane does not wait for the other.
    enum Lane: CaseIterable { case quick, scans }

    /// Connections lent to it.
    var leasedCount = 0
    /// Of these, for scans that are not known to be quick.
    var scanCount = 0
    private(set) var waitingQuick: [Waiter] = []
    private(set) var waitingScans: [Waiter] = []
    private var used: UInt64 = 0
    private var usedAt: UInt64 = 0

    /// A quarter of a connection's time is forgotten as it passes, and nothing is remembered beyond ten seconds: who used
    /// much comes last for a while, never for good.
    private static let forgettingDivisor: UInt64 = 4
    private static let usedMax: UInt64 = 10_000_000_000

    var waiterCount: Int { waitingQuick.count + waitingScans.count }

    /// The first of a lane.
    func first(_ lane: Lane) -> Waiter? { lane == .quick ? waitingQuick.first : waitingScans.first }

    mutating func append(_ waiter: Waiter) {
        if waiter.lane == .quick { waitingQuick.append(waiter) } else { waitingScans.append(waiter) }
    }

    mutating func removeFirst(_ lane: Lane) -> Waiter {
        lane == .quick ? waitingQuick.removeFirst() : waitingScans.removeFirst()
    }

    /// Takes out those who are meant.
    mutating func remove(where isMeant: (Waiter) -> Bool) -> [Waiter] {
        let removed = waitingQuick.filter(isMeant) + waitingScans.filter(isMeant)
        guard !removed.isEmpty else { return [] }
        waitingQuick.removeAll(where: isMeant)
        waitingScans.removeAll(where: isMeant)
        return removed
    }

    /// Connection time of late, in nanoseconds.
    func used(at now: UInt64) -> UInt64 {
        let forgotten = (now > usedAt ? now - usedAt : 0) / Self.forgettingDivisor
        return used > forgotten ? used - forgotten : 0
    }

    mutating func use(_ nanoseconds: UInt64, now: UInt64) {
        used = min(used(at: now) + nanoseconds, Self.usedMax)
        usedAt = now
    }

    func isForgettable(at now: UInt64) -> Bool { leasedCount == 0 && waiterCount == 0 && used(at: now) == 0 }
}
