import Tenancy

// Who comes next, and which connection he gets.
extension PoolStateMachine {
    /// A waiter whose turn it is, and the connection for him.
    struct Turn {
        let tenant: TenantID?
        let lane: PoolTenant.Lane
        let scanClass: ScanClass
        let index: Int
    }

    // MARK: Whose turn it is

    /// The first of a tenant's lane for whom there is a connection, of the tenant that used least lately; each has its own wait
    /// taken off, so that nobody waits for ever.
    func turn(at now: UInt64) -> Turn? {
        guard isPatient else { return nil }
        var best: Turn?
        var bestRank = Int64.max
        for tenant in line {
            guard let waiting = tenants[tenant] else { continue }
            for lane in PoolTenant.Lane.allCases {
                guard let waiter = waiting.first(lane) else { continue }
                let waited = now > waiter.since ? now - waiter.since : 0
                let rank = Int64(clamping: waiting.used(at: now)) - Int64(clamping: waited)
                guard rank < bestRank else { continue }
                let scanClass = scanClass(waiter.scan, of: tenant)
                guard mayHave(tenant, scanClass, now),
                    let index = place(for: tenant, isPatient: waited < PoolLimits.patience, now)
                else { continue }
                (best, bestRank) = (Turn(tenant: tenant, lane: lane, scanClass: scanClass, index: index), rank)
            }
        }
        return best
    }

    /// Whether the tenant may have one connection more. What belongs to no tenant may have any.
    func mayHave(_ tenant: TenantID?, _ scanClass: ScanClass, _ now: UInt64) -> Bool {
        let free = limits.size - leasedCount
        guard free > 0 else { return false }
        guard tenant != nil, let has = tenants[tenant] else { return true }
        let share = limits.tenantSharePercent
        guard has.leasedCount * (100 - share) < free * share else { return false }
        switch scanClass {
        case .quick: return true
        case .alone: return has.scanCount == 0
        case .long: return has.scanCount == 0 && longScanCount(now) < limits.longScanCountMax
        }
    }

    /// Of a scan that is not known a time is known as soon as it has run for that long.
    private func longScanCount(_ now: UInt64) -> Int {
        entries.reduce(0) { count, entry in
            guard let lease = entry.state.lease, lease.scanClass != .quick else { return count }
            return lease.scanClass == .long || elapsed(lease, now) >= ScanClass.longFrom ? count + 1 : count
        }
    }

    func scanClass(_ scan: Scan?, of tenant: TenantID?) -> ScanClass {
        guard let scan, let tenant else { return .quick }
        return ScanClass(nanoseconds: scanTimes.nanoseconds(.init(tenant: tenant, scan: scan)))
    }

    private func elapsed(_ lease: Lease, _ now: UInt64) -> UInt64 { now > lease.start ? now - lease.start : 0 }

    // MARK: Which connection

    /// An idle connection for the tenant: one at its homes, else one that has met it, else any, unless it is worth waiting for one at
    /// home. It is not while a tenant with several connections has one of them: others do not pay for what that one overflows with.
    func place(for tenant: TenantID?, isPatient: Bool, _ now: UInt64) -> Int? {
        guard let tenant else { return entries.firstIndex { $0.state == .idle } }
        let homes = homes(of: tenant)
        var isWorthWaiting = false
        var isCrowdedOut = false
        for seat in [homes.first, homes.second] {
            guard let index = entries.firstIndex(where: { $0.seat == seat }) else { continue }
            if entries[index].state == .idle { return index }
            guard case .leased(let lease) = entries[index].state else { continue }
            if isSpreadOut(lease.tenant), lease.tenant != tenant { isCrowdedOut = true }
            if elapsed(lease, now) < PoolLimits.patience { isWorthWaiting = true }
        }
        if let index = entries.firstIndex(where: { $0.state == .idle && $0.guests.contains(tenant) }) { return index }
        return isPatient && isWorthWaiting && !isCrowdedOut ? nil : nearest(to: homes.second)
    }

    /// Whether the tenant has several connections. It has them because nobody else wanted them, so whoever is at home there does not
    /// wait for what it does with them.
    private func isSpreadOut(_ tenant: TenantID?) -> Bool {
        guard let tenant, let has = tenants[tenant] else { return false }
        return has.leasedCount > 1
    }

    /// When the next of those who wait has waited for a connection at home long enough.
    func patienceEnd(after now: UInt64) -> UInt64? {
        guard isPatient else { return nil }
        var next: UInt64?
        for waiting in line.lazy.compactMap({ tenants[$0] }) {
            for waiter in PoolTenant.Lane.allCases.lazy.compactMap(waiting.first) {
                let end = waiter.since + PoolLimits.patience
                if end > now { next = min(next ?? end, end) }
            }
        }
        return next
    }

    /// The idle connection on the next seat: a tenant that overflows does so to the same ones.
    private func nearest(to seat: Int) -> Int? {
        var nearest: Int?
        var distanceMin = Int.max
        for index in entries.indices where entries[index].state == .idle {
            guard let own = entries[index].seat else { continue }
            let distance = (own - seat + limits.size) % limits.size
            if distance < distanceMin { (nearest, distanceMin) = (index, distance) }
        }
        return nearest
    }

    func vacantSeat(for tenant: TenantID?) -> Int? {
        vacantHome(of: tenant) ?? (0..<limits.size).first(where: isVacant)
    }

    func vacantHome(of tenant: TenantID?) -> Int? {
        guard let tenant else { return nil }
        let homes = homes(of: tenant)
        return isVacant(homes.first) ? homes.first : isVacant(homes.second) ? homes.second : nil
    }

    private func isVacant(_ seat: Int) -> Bool { !entries.contains { $0.seat == seat } }

    func isHome(_ seat: Int?, of tenant: TenantID?) -> Bool {
        guard let seat, let tenant else { return true }
        let homes = homes(of: tenant)
        return seat == homes.first || seat == homes.second
    }

    /// Two different seats, the same each time; with one connection there is one.
    private func homes(of tenant: TenantID) -> (first: Int, second: Int) {
        let mixed = (tenant.id.low ^ tenant.id.high) &* 0x9e37_79b9_7f4a_7c15
        let first = Int((mixed >> 33) % UInt64(limits.size))
        guard limits.size > 1 else { return (first, first) }
        let step = 1 + Int((mixed >> 8 & 0xff_ffff) % UInt64(limits.size - 1))
        return (first, (first + step) % limits.size)
    }
}
