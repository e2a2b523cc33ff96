import Tenancy
import TestSupport

@testable import Postgres

/// A pool of eight open connections in simulated time, worked by clients each of which calls again and again.
struct PoolSimulation {
    struct Client {
        /// Whom a call is for: one of these.
        let tenants: [TenantID]
        /// How long its transactions take, and how long it rests between them, in nanoseconds.
        let work: ClosedRange<UInt64>
        let rest: ClosedRange<UInt64>
    }

    private enum Event {
        case call(client: Int)
        case release(connection: Int)
        case tick
        /// The timer of `patienceEnd`.
        case patience
    }

    /// How long calls of a client waited for a connection; those that found one are not in it.
    private(set) var waits: [[UInt64]]
    /// Tenants that a connection has met.
    private(set) var met: [Int: Set<TenantID>] = [:]
    /// The smallest number of connections lent while somebody waited, after the time in which all of the clients have begun.
    private(set) var leasedCountMinOfWaiting = PoolSimulation.size
    private(set) var leaseCount = 0

    private var machine = PoolStateMachine(PoolLimits(size: PoolSimulation.size, waiterCountMax: 1_000))
    private let clients: [Client]
    private var random: SeededGenerator
    private var now: UInt64 = 0
    private var events: [(time: UInt64, event: Event)] = []
    private var calls: [Int: (tenant: TenantID, since: UInt64)] = [:]
    private var holders: [Int: Int] = [:]
    private var hasTimer = false

    static let size = 8
    static let millisecond: UInt64 = 1_000_000
    private static let tick = 20 * millisecond

    init(_ clients: [Client], seed: UInt64) {
        self.clients = clients
        random = SeededGenerator(seed: seed)
        waits = clients.map { _ in [] }
        for id in 1...Self.size {
            _ = machine.lease(-id, tenant: nil, deadline: .max, now: 0)
            _ = machine.opened(id, now: 0)
        }
        for id in 1...Self.size { _ = machine.released(id, isWorn: false, now: 0) }
        for client in clients.indices { add(.call(client: client), after: UInt64(client) * Self.millisecond / 10) }
        add(.tick, after: Self.tick)
    }

    /// Goes on until so many nanoseconds have passed.
    mutating func run(until end: UInt64) {
        while let next = events.indices.min(by: { events[$0].time < events[$1].time }), events[next].time < end {
            let (time, event) = events.remove(at: next)
            now = time
            happen(event)
            if machine.waiterCount > 0, now > Self.tick {
                leasedCountMinOfWaiting = min(leasedCountMinOfWaiting, machine.leasedCount)
            }
        }
    }

    private mutating func add(_ event: Event, after delay: UInt64) { events.append((now + delay, event)) }

    private mutating func happen(_ event: Event) {
        switch event {
        case .call(let client): call(client)
        case .release(let connection):
            guard let client = holders.removeValue(forKey: connection) else { return }
            add(.call(client: client), after: .random(in: clients[client].rest, using: &random))
            carryOut(machine.released(connection, isWorn: false, now: now))
        case .tick:
            add(.tick, after: Self.tick)
            carryOut(machine.tick(now: now))
        case .patience:
            hasTimer = false
            carryOut(machine.tick(now: now))
        }
    }

    private mutating func call(_ client: Int) {
        guard let tenant = clients[client].tenants.randomElement(using: &random) else { return }
        calls[client] = (tenant, now)
        switch machine.lease(client, tenant: tenant, deadline: .max, now: now) {
        case .granted(let connection): lend(connection, to: client, tenant)
        case .queued(let actions): carryOut(actions)
        case .overloaded, .tenantOverloaded, .scansOverloaded, .closed: calls[client] = nil
        }
    }

    private mutating func carryOut(_ actions: [PoolStateMachine.Action]) {
        for case .grant(let client, let connection) in actions {
            guard let call = calls[client] else { continue }
            waits[client].append(now - call.since)
            lend(connection, to: client, call.tenant)
        }
        guard !hasTimer, let end = machine.patienceEnd(after: now) else { return }
        hasTimer = true
        add(.patience, after: end - now)
    }

    private mutating func lend(_ connection: Int, to client: Int, _ tenant: TenantID) {
        leaseCount += 1
        holders[connection] = client
        met[connection, default: []].insert(tenant)
        add(.release(connection: connection), after: .random(in: clients[client].work, using: &random))
    }
}
