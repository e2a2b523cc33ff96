import Tenancy

/// Which connection serves whom: events in, actions out; no clock, no socket, no task. The pool carries the actions out.
///
/// A connection is `opening` → `idle` ⇄ `leased` → gone. A worn connection is replaced while it goes on serving: its
/// successor opens first, takes its seat, and it goes when it is not leased.
///
/// **Fair.** A tenant has at most a share of what is free for it, so that the next one finds a connection at once, however long others
/// keep theirs. Who waits is served in turn over tenants: who used least lately comes first, and whoever waits comes closer. Scans run
/// one of a tenant at a time, long ones only a few at a time of all (`ScanClass`).
///
/// **Near.** A connection keeps a place (seat), and a tenant has two seats as its homes. It is served there, so that a connection meets
/// few tenants, and waits a little for them when they are busy (PoolStateMachine+Choice.swift).
struct PoolStateMachine {
    typealias ConnectionID = Int
    typealias WaiterID = Int

    enum Action: Equatable {
        /// Open a connection after a delay in nanoseconds.
        case open(ConnectionID, after: UInt64)
        case close(ConnectionID)
        case grant(WaiterID, ConnectionID)
        /// The deadline passed in the queue.
        case expire(WaiterID)
        /// Its tenant's other scans took too long.
        case expireScan(WaiterID)
        /// The server cannot be reached, or the pool closes.
        case refuse(WaiterID)
    }

    enum Decision: Equatable {
        case granted(ConnectionID)
        case queued([Action])
        /// The queue is full.
        case overloaded
        /// So many of this tenant wait already.
        case tenantOverloaded
        /// So many scans of this tenant wait already.
        case scansOverloaded
        case closed
    }

    enum State: Equatable {
        case opening, idle
        case leased(Lease)
        /// Leased, and to be closed when it comes back.
        case leaving(Lease)

        var lease: Lease? {
            switch self {
            case .leased(let lease), .leaving(let lease): lease
            default: nil
            }
        }
    }

    struct Lease: Equatable {
        let tenant: TenantID?
        let scan: Scan?
        let scanClass: ScanClass
        let start: UInt64
        /// The tenant is at home there.
        let isAtHome: Bool
    }

    struct Entry {
        let id: ConnectionID
        var state: State
        /// Its place; nil for a successor that is being opened and for one that leaves.
        var seat: Int?
        /// The worn connection whose place this one takes.
        var replaces: ConnectionID?
        /// Tenants that it has met and that are not at home there.
        var guests: Set<TenantID> = []
    }

    let limits: PoolLimits
    var entries: [Entry] = []
    /// Those who have, want or have used something.
    var tenants: [TenantID?: PoolTenant] = [:]
    /// Those of them who wait.
    private(set) var line: [TenantID?] = []
    private(set) var waiterCount = 0
    var scanTimes = ScanTimes()
    private var tenantCountAtSweep = PoolStateMachine.tenantCountBeforeSweep
    private var nextID = 0
    private var failures = 0
    private var openNotBefore: UInt64 = 0
    private(set) var isClosing = false

    /// Tenants remembered before those that have and want nothing are forgotten.
    private static let tenantCountBeforeSweep = 1_024

    init(_ limits: PoolLimits) { self.limits = limits }

    var connectionCount: Int { entries.count }
    var leasedCount: Int { entries.reduce(0) { $0 + ($1.state.lease == nil ? 0 : 1) } }
    var isIdle: Bool { waiterCount == 0 && leasedCount == 0 }
    /// Somebody waits for a certain connection while another is idle: after `PoolLimits.patience` he takes that one.
    var isPatient: Bool { waiterCount > 0 && entries.contains { $0.state == .idle } }

    // MARK: Events

    /// - Parameter scan: when a statement of it may take long.
    mutating func lease(
        _ waiter: WaiterID, tenant: TenantID?, scan: Scan? = nil, deadline: UInt64, now: UInt64
    ) -> Decision {
        guard !isClosing else { return .closed }
        let scanClass = scanClass(scan, of: tenant)
        let lane = scanClass == .quick ? PoolTenant.Lane.quick : .scans
        if tenants[tenant]?.first(lane) == nil, mayHave(tenant, scanClass, now),
            let index = place(for: tenant, isPatient: true, now)
        {
            take(index, for: tenant, scan, scanClass, now)
            return .granted(entries[index].id)
        }
        if let refusal = refusal(tenant, scanClass) { return refusal }
        if waiterCount(of: tenant) == 0 { line.append(tenant) }
        tenants[tenant, default: PoolTenant()].append(
            .init(id: waiter, scan: scan, lane: lane, since: now, deadline: deadline))
        waiterCount += 1
        return .queued(openIfUseful(for: tenant, now: now))
    }

    /// A connection came up.
    mutating func opened(_ id: ConnectionID, now: UInt64) -> [Action] {
        guard let index = index(of: id) else { return [.close(id)] }
        failures = 0
        openNotBefore = 0
        entries[index].state = .idle
        var actions: [Action] = []
        if let replaced = entries[index].replaces {
            entries[index].replaces = nil
            actions = retire(replaced, successor: id)
        }
        return actions + serve(now: now)
    }

    /// A connection could not be opened. Everybody who waits is told, unless another connection still serves.
    /// `random` is between 0 and 1.
    mutating func openFailed(_ id: ConnectionID, now: UInt64, random: Double) -> [Action] {
        remove(id)
        failures += 1
        openNotBefore = now + Backoff.delay(failures: failures, random: random)
        let serves = entries.contains { $0.state != .opening }
        return serves || waiterCount == 0 ? [] : refuseAll()
    }

    /// A leased connection came back whole. `isWorn`: it should be replaced. `isWhole`: nothing was broken off.
    mutating func released(_ id: ConnectionID, isWorn: Bool, isWhole: Bool = true, now: UInt64) -> [Action] {
        guard let index = index(of: id), let lease = entries[index].state.lease else { return [] }
        end(lease, isWhole: isWhole, now)
        if case .leaving = entries[index].state { return [.close(remove(id))] + serve(now: now) }
        guard !isClosing else { return [.close(remove(id))] }
        entries[index].state = .idle
        let replacement = isWorn ? replace(id, now: now) : []
        let home = lease.isAtHome ? [] : openHome(of: lease.tenant, now: now)
        return replacement + home + serve(now: now)
    }

    /// A connection broke, leased or not.
    mutating func lost(_ id: ConnectionID, now: UInt64) -> [Action] {
        if let index = index(of: id), let lease = entries[index].state.lease { end(lease, isWhole: false, now) }
        remove(id)
        return waiterCount == 0 ? [] : openIfUseful(for: line.first ?? nil, now: now)
    }

    /// The Task of a waiter was cancelled. False when it has been served already.
    mutating func cancelled(_ waiter: WaiterID) -> Bool { !withdraw { $0.id == waiter }.isEmpty }

    /// Time passed: tells those whose time is over, serves who waited for a certain connection in vain, and tries again to open what
    /// is needed.
    mutating func tick(now: UInt64) -> [Action] {
        guard waiterCount > 0 else { return [] }
        let expired = withdraw { $0.end <= now }
        let actions: [Action] = expired.map { $0.deadline <= now ? .expire($0.id) : .expireScan($0.id) }
        return actions + serve(now: now) + openIfUseful(for: line.first ?? nil, now: now)
    }

    /// No more leases. Idle connections close now, leased ones when they come back.
    mutating func close() -> [Action] {
        isClosing = true
        let idle = entries.filter { $0.state.lease == nil }.map(\.id)
        return idle.map { .close(remove($0)) } + refuseAll()
    }

    /// The connection whose successor this is, while it is being opened.
    func predecessor(of id: ConnectionID) -> ConnectionID? { index(of: id).flatMap { entries[$0].replaces } }

    // MARK: Parts

    func index(of id: ConnectionID) -> Int? { entries.firstIndex { $0.id == id } }

    func waiterCount(of tenant: TenantID?) -> Int { tenants[tenant]?.waiterCount ?? 0 }

    private func refusal(_ tenant: TenantID?, _ scanClass: ScanClass) -> Decision? {
        guard waiterCount < limits.waiterCountMax else { return .overloaded }
        guard tenant != nil, let waiting = tenants[tenant] else { return nil }
        guard waiting.waiterCount < limits.waiterOfTenantCountMax else { return .tenantOverloaded }
        let isFull = waiting.waitingScans.count >= PoolLimits.scanWaiterOfTenantCountMax
        return scanClass != .quick && isFull ? .scansOverloaded : nil
    }

    /// Why a scan of the tenant that is not known to be quick would be refused now.
    func scanRefusal(of tenant: TenantID) -> Decision? {
        tenants[tenant]?.waitingScans.isEmpty == false ? refusal(tenant, .alone) : nil
    }

    private mutating func take(
        _ index: Int, for tenant: TenantID?, _ scan: Scan?, _ scanClass: ScanClass, _ now: UInt64
    ) {
        entries[index].state = .leased(
            Lease(
                tenant: tenant, scan: scan, scanClass: scanClass, start: now,
                isAtHome: isHome(entries[index].seat, of: tenant)))
        if let tenant, !isHome(entries[index].seat, of: tenant) { entries[index].guests.insert(tenant) }
        tenants[tenant, default: PoolTenant()].leasedCount += 1
        if scanClass != .quick { tenants[tenant]?.scanCount += 1 }
        if tenants.count >= tenantCountAtSweep { sweep(now) }
    }

    /// What was lent is back: the tenant has used the time.
    private mutating func end(_ lease: Lease, isWhole: Bool, _ now: UInt64) {
        let elapsed = now > lease.start ? now - lease.start : 0
        tenants[lease.tenant]?.leasedCount -= 1
        if lease.scanClass != .quick { tenants[lease.tenant]?.scanCount -= 1 }
        guard let tenant = lease.tenant else { return }
        tenants[tenant]?.use(elapsed, now: now)
        if let scan = lease.scan {
            scanTimes.note(.init(tenant: tenant, scan: scan), nanoseconds: elapsed, isWhole: isWhole)
        }
    }

    private mutating func sweep(_ now: UInt64) {
        tenants = tenants.filter { !$0.value.isForgettable(at: now) }
        tenantCountAtSweep = max(Self.tenantCountBeforeSweep, tenants.count * 2)
    }

    /// Lends what is free to those whose turn it is.
    private mutating func serve(now: UInt64) -> [Action] {
        var actions: [Action] = []
        while let turn = turn(at: now), let waiter = tenants[turn.tenant]?.removeFirst(turn.lane) {
            noteServed(turn.tenant)
            take(turn.index, for: turn.tenant, waiter.scan, turn.scanClass, now)
            actions.append(.grant(waiter.id, entries[turn.index].id))
        }
        return actions
    }

    private mutating func withdraw(where isMeant: (PoolTenant.Waiter) -> Bool) -> [PoolTenant.Waiter] {
        var withdrawn: [PoolTenant.Waiter] = []
        for tenant in line {
            for waiter in tenants[tenant]?.remove(where: isMeant) ?? [] {
                withdrawn.append(waiter)
                noteServed(tenant)
            }
        }
        return withdrawn
    }

    /// One of the tenant waits no more.
    private mutating func noteServed(_ tenant: TenantID?) {
        waiterCount -= 1
        if waiterCount(of: tenant) == 0 { line.removeAll { $0 == tenant } }
    }

    private mutating func refuseAll() -> [Action] { withdraw { _ in true }.map { .refuse($0.id) } }

    // MARK: Opening and closing

    /// Opens one more when more wait than are being opened and there is room, at home of the tenant if that is vacant. After
    /// failures, with nothing left that serves, one attempt waits for its turn; with something left, none is made before its time.
    private mutating func openIfUseful(for tenant: TenantID?, now: UInt64) -> [Action] {
        guard !isClosing, openingCount < waiterCount, let seat = vacantSeat(for: tenant) else { return [] }
        guard now < openNotBefore else { return [open(after: 0, seat: seat)] }
        return entries.isEmpty ? [open(after: openNotBefore - now, seat: seat)] : []
    }

    /// A tenant was served elsewhere since nothing is open at its home: one is opened for the next time.
    private mutating func openHome(of tenant: TenantID?, now: UInt64) -> [Action] {
        guard openingCount == 0, now >= openNotBefore, let seat = vacantHome(of: tenant) else { return [] }
        return [open(after: 0, seat: seat)]
    }

    private var openingCount: Int {
        entries.reduce(0) { $0 + ($1.state == .opening && $1.replaces == nil ? 1 : 0) }
    }

    /// One replacement at a time: the pool is never more than one connection over its size.
    private mutating func replace(_ id: ConnectionID, now: UInt64) -> [Action] {
        let isUnderWay = entries.contains { $0.seat == nil }
        return isUnderWay || now < openNotBefore ? [] : [open(after: 0, seat: nil, replacing: id)]
    }

    private mutating func open(after delay: UInt64, seat: Int?, replacing: ConnectionID? = nil) -> Action {
        nextID += 1
        entries.append(Entry(id: nextID, state: .opening, seat: seat, replaces: replacing))
        return .open(nextID, after: delay)
    }

    private mutating func retire(_ id: ConnectionID, successor: ConnectionID) -> [Action] {
        guard let old = index(of: id), let new = index(of: successor) else { return [] }
        entries[new].seat = entries[old].seat
        entries[old].seat = nil
        guard case .leased(let lease) = entries[old].state else { return [.close(remove(id))] }
        entries[old].state = .leaving(lease)
        return []
    }

    @discardableResult
    private mutating func remove(_ id: ConnectionID) -> ConnectionID {
        guard let index = index(of: id) else { return id }
        let removed = entries.remove(at: index)
        // A successor whose predecessor is gone already is one like any other, in its seat.
        for index in entries.indices where entries[index].replaces == id {
            entries[index].replaces = nil
            entries[index].seat = removed.seat
        }
        return id
    }
}
