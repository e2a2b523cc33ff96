import RPC
import Synchronization
import Tenancy

/// Adds to what a call costs the time that its scans took in the database: a list that reads the whole workspace costs what a list of
/// fifty records does not. The gateway takes it from the workspace's budget.
///
/// What cannot be told with an answer, since the caller gave up or another program calls, is owed and told with the workspace's next
/// answer: to call and give up costs as much as to wait.
final class DatabaseTimeCharge: Interceptor {
    /// Time that one unit pays for beyond what is included: with 5,000 units a second a workspace has half of a connection's time.
    static let nanosecondsPerUnit: UInt64 = 100_000
    /// Time that each unit of a call's own cost includes: several times of what its work takes, so that a busy machine costs nobody.
    static let nanosecondsIncludedPerUnit: UInt64 = 1_000_000

    /// Units; only of workspaces that owe some.
    private let owed = Mutex<[TenantID: UInt32]>([:])
    private let owingCount = Atomic<Int>(0)

    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        guard let tenant = context.caller?.tenantID else { return }
        let units = Self.units(scanTime: context.scanTime, ownCost: context.cost)
        let isTold = context.peer == .program(.gateway) && !context.isCancelled
        if isTold {
            context.cost = Self.sum(context.cost, Self.sum(units, takeOwed(by: tenant)))
        } else if units > 0 {
            owe(units, tenant)
        }
    }

    /// Units for so much time, beyond what the call costs anyway.
    static func units(scanTime: UInt64, ownCost: UInt32) -> UInt32 {
        let included = UInt64(ownCost) * nanosecondsIncludedPerUnit
        return scanTime > included ? UInt32(clamping: (scanTime - included) / nanosecondsPerUnit) : 0
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
