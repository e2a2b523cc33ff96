import Tenancy

/// Which connection serves whom: events in, actions out; no clock, no socket, no task. The pool carries the actions out.
///
/// A connection is `opening` → `idle` ⇄ `leased` → gone. A worn connection is replaced while it goes on serving: its
/// successor opens first, and it goes when the successor is ready and it is not leased.
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
        /// The server cannot be reached, or the pool closes.
        case refuse(WaiterID)
    }

    enum Decision: Equatable {
        case granted(ConnectionID)
        case queued([Action])
        /// The queue is full.
        case overloaded
        case closed
    }

    private enum State: Equatable {
        case opening, idle, leased
        /// Leased, and to be closed when it comes back.
        case leaving
    }

    private struct Entry {
        let id: ConnectionID
        var state: State
        var lastTenant: TenantID?
        /// The worn connection whose place this one takes.
        var replaces: ConnectionID?
    }

    private struct Waiter {
        let id: WaiterID
        let tenant: TenantID?
        let deadline: UInt64
    }

    private let size: Int
    private let waiterCountMax: Int
    private var entries: [Entry] = []
    private var waiters: [Waiter] = []
    /// The connection that served a tenant last.
    private var homes: [TenantID: ConnectionID] = [:]
    private var nextID = 0
    private var failures = 0
    private var openNotBefore: UInt64 = 0
    private(set) var isClosing = false

    init(size: Int, waiterCountMax: Int) {
        precondition(size > 0 && waiterCountMax > 0)
        self.size = size
        self.waiterCountMax = waiterCountMax
    }

    var waiterCount: Int { waiters.count }
    var connectionCount: Int { entries.count }
    var leasedCount: Int { entries.reduce(0) { $0 + ($1.state == .leased || $1.state == .leaving ? 1 : 0) } }
    var isIdle: Bool { waiters.isEmpty && leasedCount == 0 }

    // MARK: Events

    mutating func lease(_ waiter: WaiterID, tenant: TenantID?, deadline: UInt64, now: UInt64) -> Decision {
        guard !isClosing else { return .closed }
        if let index = idleEntry(for: tenant) {
            take(index, for: tenant)
            return .granted(entries[index].id)
        }
        guard waiters.count < waiterCountMax else { return .overloaded }
        waiters.append(Waiter(id: waiter, tenant: tenant, deadline: deadline))
        return .queued(openIfUseful(now: now))
    }

    /// A connection came up.
    mutating func opened(_ id: ConnectionID) -> [Action] {
        guard let index = index(of: id) else { return [.close(id)] }
        failures = 0
        openNotBefore = 0
        let replaced = entries[index].replaces
        entries[index].replaces = nil
        entries[index].state = .idle
        return (replaced.map { retire($0) } ?? []) + serveWaiter(with: id)
    }

    /// A connection could not be opened. Everybody who waits is told, unless another connection still serves.
    /// `random` is between 0 and 1.
    mutating func openFailed(_ id: ConnectionID, now: UInt64, random: Double) -> [Action] {
        remove(id)
        failures += 1
        openNotBefore = now + Backoff.delay(failures: failures, random: random)
        let serves = entries.contains { $0.state != .opening }
        return serves || waiters.isEmpty ? [] : refuseAll()
    }

    /// A leased connection came back whole. `isWorn`: it should be replaced.
    mutating func released(_ id: ConnectionID, isWorn: Bool, now: UInt64) -> [Action] {
        guard let index = index(of: id) else { return [] }
        if entries[index].state == .leaving || isClosing {
            remove(id)
            return [.close(id)]
        }
        entries[index].state = .idle
        let replacement = isWorn ? replace(id, now: now) : []
        return replacement + serveWaiter(with: id)
    }

    /// A connection broke, leased or not.
    mutating func lost(_ id: ConnectionID, now: UInt64) -> [Action] {
        remove(id)
        return waiters.isEmpty ? [] : openIfUseful(now: now)
    }

    /// The Task of a waiter was cancelled. False when it has been served already.
    mutating func cancelled(_ waiter: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.id == waiter }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Time passed: tells those whose deadline is over, and tries again to open what is needed.
    mutating func tick(now: UInt64) -> [Action] {
        guard !waiters.isEmpty else { return [] }
        let expired = waiters.filter { $0.deadline <= now }
        if !expired.isEmpty { waiters.removeAll { $0.deadline <= now } }
        return expired.map { .expire($0.id) } + openIfUseful(now: now)
    }

    /// No more leases. Idle connections close now, leased ones when they come back.
    mutating func close() -> [Action] {
        isClosing = true
        let idle = entries.filter { $0.state == .idle || $0.state == .opening }.map(\.id)
        idle.forEach { remove($0) }
        return idle.map { .close($0) } + refuseAll()
    }

    // MARK: Parts

    private func index(of id: ConnectionID) -> Int? { entries.firstIndex { $0.id == id } }

    /// The tenant's last connection, else the first that is free.
    private func idleEntry(for tenant: TenantID?) -> Int? {
        var free: Int?
        let home = tenant.flatMap { homes[$0] }
        for index in entries.indices where entries[index].state == .idle {
            if let tenant, entries[index].lastTenant == tenant || entries[index].id == home { return index }
            if free == nil { free = index }
        }
        return free
    }

    private mutating func take(_ index: Int, for tenant: TenantID?) {
        entries[index].state = .leased
        guard let tenant, entries[index].lastTenant != tenant else { return }
        entries[index].lastTenant = tenant
        homes[tenant] = entries[index].id
    }

    private mutating func serveWaiter(with id: ConnectionID) -> [Action] {
        guard let index = index(of: id), entries[index].state == .idle, !waiters.isEmpty else { return [] }
        let waiter = waiters.removeFirst()
        take(index, for: waiter.tenant)
        return [.grant(waiter.id, id)]
    }

    /// Opens one more when more wait than are being opened and there is room. After failures, with nothing left that
    /// serves, one attempt waits for its turn; with something left, none is made before its time.
    private mutating func openIfUseful(now: UInt64) -> [Action] {
        let opening = entries.reduce(0) { $0 + ($1.state == .opening && $1.replaces == nil ? 1 : 0) }
        guard !isClosing, opening < waiters.count, entries.count < size else { return [] }
        guard now < openNotBefore else { return [open(after: 0)] }
        return entries.isEmpty ? [open(after: openNotBefore - now)] : []
    }

    /// One replacement at a time: the pool is never more than one connection over its size.
    private mutating func replace(_ id: ConnectionID, now: UInt64) -> [Action] {
        let isUnderWay = entries.count > size || entries.contains { $0.replaces != nil }
        return isUnderWay || now < openNotBefore ? [] : [open(after: 0, replacing: id)]
    }

    private mutating func open(after delay: UInt64, replacing: ConnectionID? = nil) -> Action {
        nextID += 1
        entries.append(Entry(id: nextID, state: .opening, replaces: replacing))
        return .open(nextID, after: delay)
    }

    private mutating func retire(_ id: ConnectionID) -> [Action] {
        guard let index = index(of: id) else { return [] }
        if entries[index].state == .leased {
            entries[index].state = .leaving
            return []
        }
        remove(id)
        return [.close(id)]
    }

    private mutating func remove(_ id: ConnectionID) {
        entries.removeAll { $0.id == id }
        // A successor whose predecessor is gone already is one like any other.
        for index in entries.indices where entries[index].replaces == id { entries[index].replaces = nil }
        for (tenant, home) in homes where home == id { homes[tenant] = nil }
    }

    private mutating func refuseAll() -> [Action] {
        defer { waiters.removeAll() }
        return waiters.map { .refuse($0.id) }
    }
}
