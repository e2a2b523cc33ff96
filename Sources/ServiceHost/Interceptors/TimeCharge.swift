import RPC
import Synchronization
import Tenancy

/// Adds to what a call costs the time that it took of what all share, beyond what its cost includes: of the database for its scans, and
/// of the loop for its own code. A list that reads the whole workspace costs what a list of fifty records does not, and a long filter or
/// a large batch costs its work also when it is refused. The gateway takes it from the workspace's budget.
///
/// What cannot be told with an answer, since the caller gave up or another program calls, is owed and told with the workspace's next
/// answer: to call and give up costs as much as to wait.
final class TimeCharge: Interceptor {
    /// Time that one unit pays for beyond what is included: with 5,000 units a second a workspace has half of a connection's time, or
    /// half of a loop's.
    static let nanosecondsPerUnit: UInt64 = 100_000
    /// Time of scans that each unit of a call's own cost includes: several times of what its work takes, so that a busy machine costs
    /// nobody.
    static let scanIncludedPerUnit: UInt64 = 1_000_000
    /// The same of the loop. A call that reads one record takes a third of it.
    static let loopIncludedPerUnit: UInt64 = 200_000

    /// Units; only of workspaces that owe some.
    private let owed = Mutex<[TenantID: UInt32]>([:])
    private let owingCount = Atomic<Int>(0)

    /// Not of a watch: the time of hours would come at once, and its share of the database and of the loop is bounded otherwise (WatchLimits).
    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        guard let tenant = context.caller?.tenantID, !context.method.isEndless else { return }
        let paid = Self.sum(context.cost, context.ownBudgetCost)
        let units = Self.sum(
            Self.units(context.scanTime, included: Self.scanIncludedPerUnit, ownCost: paid),
            Self.units(context.loopNanoseconds, included: Self.loopIncludedPerUnit, ownCost: paid))
        let isTold = context.peer == .program(.gateway) && !context.isCancelled
        if isTold {
            context.cost = Self.sum(context.cost, Self.sum(units, takeOwed(by: tenant)))
        } else if units > 0 {
            owe(units, tenant)
        }
    }

    /// Units for so many nanoseconds, beyond what the call costs anyway.
    private static func units(_ time: UInt64, included perUnit: UInt64, ownCost: UInt32) -> UInt32 {
        let included = UInt64(ownCost) * perUnit
        return time > included ? UInt32(clamping: (time - included) / nanosecondsPerUnit) : 0
    }

    private func owe(_ units: UInt32, _ tenant: TenantID) {
        owed.withLock { owed in
            owed[tenant] = Self.sum(owed[tenant] ?? 0, units)
            owingCount.store(owed.count, ordering: .relaxed)
        }
    }

    private func takeOwed(by tenant: TenantID) -> UInt32 {
        guard owingCount.load(ordering: .relaxed) > 0 else { return 0 }
        return owed.withLock { owed in
            defer { owingCount.store(owed.count, ordering: .relaxed) }
            return owed.removeValue(forKey: tenant) ?? 0
        }
    }

    private static func sum(_ left: UInt32, _ right: UInt32) -> UInt32 {
        UInt32(clamping: UInt64(left) + UInt64(right))
    }
}
