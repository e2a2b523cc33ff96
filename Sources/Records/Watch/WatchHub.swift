import RPC
import Reactor
import Synchronization
import Tenancy

/// All who watch records of a service in this process.
final class WatchHub: Sendable {
    private struct Tenant {
        var tail: WatchTail
        var counts: [UserID?: Int] = [:]

        var count: Int { counts.values.reduce(0, +) }
    }

    private let engine: RecordEngine
    private let limits: WatchLimits
    private let tenants = Mutex<[TenantID: Tenant]>([:])

    init(_ engine: RecordEngine, _ limits: WatchLimits) {
        (self.engine, self.limits) = (engine, limits)
        engine.changeBell.listen { [weak self] tenant in
            self?.tenants.withLock { $0[tenant]?.tail }?.ring()
        }
    }

    /// A place for one more watcher; `leave` gives it back.
    /// - Throws: RESOURCE_EXHAUSTED with WATCHES_TOO_MANY.
    func enter(_ actor: TenantActor) throws -> WatchSeat {
        let (tenant, user) = (actor.tenantID, actor.userID)
        let (tail, isNew) = try tenants.withLock { tenants -> (WatchTail, Bool) in
            var entry = tenants[tenant] ?? Tenant(tail: WatchTail(of: tenant, engine, limits))
            guard entry.count < limits.ofTenantMax else {
                throw RecordErrors.watchesTooMany("workspace", limits.ofTenantMax)
            }
            guard entry.counts[user, default: 0] < limits.ofUserMax else {
                throw RecordErrors.watchesTooMany("user", limits.ofUserMax)
            }
            let isNew = entry.counts.isEmpty || entry.tail.hasFailed
            if entry.tail.hasFailed { entry.tail = WatchTail(of: tenant, engine, limits) }
            entry.counts[user, default: 0] += 1
            tenants[tenant] = entry
            return (entry.tail, isNew)
        }
        if isNew { start(tail) }
        return WatchSeat(user, at: tail)
    }

    func leave(_ seat: WatchSeat) {
        seat.leave()
        let tenant = seat.tail.program.tenantID
        let idle = tenants.withLock { tenants -> WatchTail? in
            guard var entry = tenants[tenant] else { return nil }
            let count = entry.counts[seat.user, default: 0] - 1
            entry.counts[seat.user] = count > 0 ? count : nil
            tenants[tenant] = entry.counts.isEmpty ? nil : entry
            return entry.counts.isEmpty ? entry.tail : nil
        }
        idle?.stop()
    }

    /// On the loop of the watcher who came first.
    private func start(_ tail: WatchTail) {
        guard let loop = EventLoop.current else { preconditionFailure("calls run on loops") }
        loop.spawn { await tail.run(on: loop) }
    }
}
