import Tenancy
import TestSupport
import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
    private func machine(size: Int = 2, waiters: Int = 10, ofTenant: Int? = nil) -> PoolStateMachine {
        PoolStateMachine(PoolLimits(size: size, waiterCountMax: waiters, waiterOfTenantCountMax: ofTenant))
    }

    /// A machine with idle connections 1…count, in the seats 0…
    private func open(_ count: Int, size: Int, waiters: Int = 10) -> PoolStateMachine {
        var machine = machine(size: size, waiters: waiters)
        for id in 1...count {
            _ = machine.lease(id, tenant: nil, deadline: .max, now: 0)
            _ = machine.opened(id, now: 0)
        }
        for id in 1...count { _ = machine.released(id, isWorn: false, now: 0) }
        return machine
    }

    /// A tenant whose first home is a seat, and its second one another.
    private func tenant(at first: Int, _ second: Int, size: Int) -> TenantID {
        let machine = machine(size: size)
        while true {
            let tenant = TenantID(RecordID.make())
            let isFirst = machine.vacantHome(of: tenant) == first
            if isFirst, machine.isHome(second, of: tenant) { return tenant }
        }
    }

    // MARK: Opening and closing

    @Test func opensOnlyAsManyAsWaitAndFit() {
        var machine = machine(size: 2)
        #expect(machine.lease(1, tenant: nil, deadline: .max, now: 0) == .queued([.open(1, after: 0)]))
        #expect(machine.lease(2, tenant: nil, deadline: .max, now: 0) == .queued([.open(2, after: 0)]))
        #expect(machine.lease(3, tenant: nil, deadline: .max, now: 0) == .queued([]))
        #expect(machine.opened(1, now: 0) == [.grant(1, 1)])
        #expect(machine.released(1, isWorn: false, now: 0) == [.grant(2, 1)])
        #expect(machine.opened(2, now: 0) == [.grant(3, 2)])
    }

    @Test func servesInTheOrderOfArrival() {
        var machine = open(1, size: 1)
        let tenant = TenantID(RecordID.make())
        #expect(machine.lease(10, tenant: nil, deadline: .max, now: 0) == .granted(1))
        _ = machine.lease(11, tenant: nil, deadline: .max, now: 1)
        _ = machine.lease(12, tenant: tenant, deadline: .max, now: 2)
        #expect(machine.released(1, isWorn: false, now: 3) == [.grant(11, 1)])
        #expect(machine.released(1, isWorn: false, now: 3) == [.grant(12, 1)])
    }

    @Test func boundsTheLine() {
        var machine = machine(size: 1, waiters: 1)
        _ = machine.lease(1, tenant: nil, deadline: .max, now: 0)
        #expect(machine.lease(2, tenant: nil, deadline: .max, now: 0) == .overloaded)
        let (first, second) = (machine.cancelled(1), machine.cancelled(1))
        #expect(first && !second)
        #expect(machine.lease(3, tenant: nil, deadline: .max, now: 0) != .overloaded)
    }

    @Test func expiresWhoWaitedTooLong() {
        var machine = open(1, size: 1)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        _ = machine.lease(11, tenant: nil, deadline: 100, now: 0)
        _ = machine.lease(12, tenant: nil, deadline: 200, now: 0)
        #expect(machine.tick(now: 150) == [.expire(11)])
        #expect(machine.waiterCount == 1)
        #expect(machine.released(1, isWorn: false, now: 150) == [.grant(12, 1)])
    }

    @Test func failsAllWhoWaitWhenNothingServesAndThenBacksOff() {
        var machine = machine(size: 2)
        _ = machine.lease(1, tenant: nil, deadline: .max, now: 0)
        _ = machine.lease(2, tenant: nil, deadline: .max, now: 0)
        #expect(machine.openFailed(1, now: 0, random: 1) == [.refuse(1), .refuse(2)])
        #expect(machine.openFailed(2, now: 0, random: 1) == [])
        // Two failures: the next attempt waits for its turn, and there is only one.
        #expect(
            machine.lease(3, tenant: nil, deadline: .max, now: 0)
                == .queued([.open(3, after: 2 * Backoff.first)]))
        #expect(machine.lease(4, tenant: nil, deadline: .max, now: 0) == .queued([]))
        #expect(machine.opened(3, now: 0) == [.grant(3, 3)])
        #expect(machine.tick(now: 1) == [.open(4, after: 0)])
    }

    @Test func goesOnWithWhatIsLeftWhenOneMoreCannotOpen() {
        var machine = open(1, size: 2)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .queued([.open(2, after: 0)]))
        #expect(machine.openFailed(2, now: 0, random: 1) == [])
        #expect(machine.tick(now: 1) == [])
        #expect(machine.released(1, isWorn: false, now: 1) == [.grant(11, 1)])
    }

    @Test func replacesAWornConnectionAfterTheNewOneIsOpen() {
        var machine = open(1, size: 1)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        #expect(machine.released(1, isWorn: true, now: 0) == [.open(2, after: 0)])
        #expect(machine.predecessor(of: 2) == 1)
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .granted(1))
        // Still one successor only.
        #expect(machine.released(1, isWorn: true, now: 0) == [])
        #expect(machine.lease(12, tenant: nil, deadline: .max, now: 0) == .granted(1))
        #expect(machine.opened(2, now: 0) == [])
        #expect(machine.released(1, isWorn: true, now: 0) == [.close(1)])
        #expect(machine.lease(13, tenant: nil, deadline: .max, now: 0) == .granted(2))
    }

    /// The tenants whose home it was find the successor, however many connections there are.
    @Test func aSuccessorTakesTheSeat() {
        var machine = open(4, size: 4)
        let tenant = tenant(at: 2, 0, size: 4)
        #expect(machine.lease(10, tenant: tenant, deadline: .max, now: 0) == .granted(3))
        #expect(machine.released(3, isWorn: true, now: 0) == [.open(5, after: 0)])
        #expect(machine.opened(5, now: 0) == [.close(3)])
        #expect(machine.lease(11, tenant: tenant, deadline: .max, now: 0) == .granted(5))
    }

    @Test func aLostConnectionIsMadeUpForWhileSomebodyWaits() {
        var machine = open(1, size: 1)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .queued([]))
        #expect(machine.lost(1, now: 0) == [.open(2, after: 0)])
        #expect(machine.opened(2, now: 0) == [.grant(11, 2)])
    }

    @Test func closesIdleOnesNowAndLeasedOnesLater() {
        var machine = open(2, size: 2)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        #expect(machine.close() == [.close(2)])
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .closed)
        #expect(!machine.isIdle)
        #expect(machine.released(1, isWorn: false, now: 0) == [.close(1)])
        #expect(machine.isIdle)
        // One that was being opened meanwhile goes too.
        #expect(machine.opened(7, now: 0) == [.close(7)])
    }

    // MARK: Near

    @Test func aTenantIsServedAtItsHomes() {
        var machine = open(4, size: 4)
        let tenant = tenant(at: 2, 3, size: 4)
        #expect(machine.lease(10, tenant: tenant, deadline: .max, now: 0) == .granted(3))
        #expect(machine.lease(11, tenant: tenant, deadline: .max, now: 0) == .granted(4))
        _ = machine.released(3, isWorn: false, now: 0)
        #expect(machine.lease(12, tenant: tenant, deadline: .max, now: 0) == .granted(3))
    }

    @Test func aTenantWaitsForItsHomesALittleAndGoesElsewhereThen() {
        var machine = open(4, size: 4)
        for id in 1...4 { _ = machine.lease(id, tenant: nil, deadline: .max, now: 0) }
        for id in 1...2 { _ = machine.released(id, isWorn: false, now: 0) }
        let tenant = tenant(at: 2, 3, size: 4)
        #expect(machine.lease(10, tenant: tenant, deadline: .max, now: 0) == .queued([]))
        #expect(machine.isPatient)
        #expect(machine.tick(now: PoolLimits.patience - 1) == [])
        #expect(machine.tick(now: PoolLimits.patience) == [.grant(10, 1)])
        // Whoever has its homes keeps them for long: others do not wait for that.
        let later = PoolLimits.patience * 2
        #expect(machine.lease(11, tenant: self.tenant(at: 3, 2, size: 4), deadline: .max, now: later) == .granted(2))
    }

    /// Not at the end of somebody else's: he would wait for up to twice as long.
    @Test func aWaiterIsLookedAtWhenHisOwnPatienceEnds() {
        var machine = open(4, size: 4)
        for id in 1...4 { _ = machine.lease(id, tenant: nil, deadline: .max, now: 0) }
        for id in 1...2 { _ = machine.released(id, isWorn: false, now: 0) }
        let tenants = (0..<2).map { _ in tenant(at: 2, 3, size: 4) }
        _ = machine.lease(10, tenant: tenants[0], deadline: .max, now: 1)
        _ = machine.lease(11, tenant: tenants[1], deadline: .max, now: 3)
        #expect(machine.patienceEnd(after: 3) == 1 + PoolLimits.patience)
        #expect(machine.patienceEnd(after: 1 + PoolLimits.patience) == 3 + PoolLimits.patience)
        #expect(machine.patienceEnd(after: 3 + PoolLimits.patience) == nil)
        let wasWaiting = machine.cancelled(10)
        #expect(wasWaiting && machine.patienceEnd(after: 3) == 3 + PoolLimits.patience)
    }

    /// It has them because nobody else wanted them.
    @Test func whatATenantHasBeyondOneIsNotWaitedFor() {
        let (busy, tenant) = (tenant(at: 2, 3, size: 8), tenant(at: 3, 2, size: 8))
        var machine = open(8, size: 8)
        #expect(machine.lease(10, tenant: busy, deadline: .max, now: 0) == .granted(3))
        #expect(machine.lease(11, tenant: busy, deadline: .max, now: 0) == .granted(4))
        #expect(machine.lease(12, tenant: tenant, deadline: .max, now: 0) == .granted(5))
        // It waits for its own work at home, as anybody does.
        #expect(machine.lease(13, tenant: busy, deadline: .max, now: 0) == .queued([]))
    }

    @Test func aFreedHomeServesItsOwnTenants() {
        var machine = open(4, size: 4)
        for id in 1...4 { _ = machine.lease(id, tenant: nil, deadline: .max, now: 0) }
        let (first, second) = (tenant(at: 2, 3, size: 4), tenant(at: 0, 1, size: 4))
        _ = machine.lease(10, tenant: first, deadline: .max, now: 1)
        _ = machine.lease(11, tenant: second, deadline: .max, now: 2)
        #expect(machine.released(1, isWorn: false, now: 3) == [.grant(11, 1)])
        #expect(machine.released(4, isWorn: false, now: 3) == [.grant(10, 4)])
    }

    /// The first call of a tenant does not wait for a connection to be opened when another is free.
    @Test func aHomeIsOpenedForTheNextTime() {
        var machine = open(1, size: 4)
        let tenant = tenant(at: 2, 3, size: 4)
        #expect(machine.lease(10, tenant: tenant, deadline: .max, now: 0) == .granted(1))
        #expect(machine.released(1, isWorn: false, now: 0) == [.open(2, after: 0)])
        #expect(machine.opened(2, now: 0) == [])
        #expect(machine.lease(11, tenant: tenant, deadline: .max, now: 0) == .granted(2))
    }

    // MARK: Fair

    /// Half for one, half of the rest for the next: whoever comes finds one.
    @Test func aTenantHasNoMoreThanIsLeftForOthers() {
        var machine = open(8, size: 8, waiters: 100)
        var counts: [Int] = []
        for number in 0..<4 {
            let tenant = TenantID(RecordID.make())
            for waiter in 0..<8 {
                _ = machine.lease(number * 10 + waiter, tenant: tenant, deadline: .max, now: 0)
            }
            // Nobody waits for its homes any more.
            _ = machine.tick(now: PoolLimits.patience)
            counts.append(machine.entries.count { $0.state.lease?.tenant == tenant })
        }
        #expect(counts == [4, 2, 1, 1])
    }

    @Test func ofOneConnectionATenantHasThatOne() {
        var machine = open(1, size: 1)
        #expect(machine.lease(10, tenant: TenantID(RecordID.make()), deadline: .max, now: 0) == .granted(1))
    }

    @Test func aTenantCannotFillTheLine() {
        var machine = machine(size: 2, waiters: 10, ofTenant: 3)
        let tenant = TenantID(RecordID.make())
        for id in 1...3 { _ = machine.lease(id, tenant: tenant, deadline: .max, now: 0) }
        #expect(machine.lease(4, tenant: tenant, deadline: .max, now: 0) == .tenantOverloaded)
        let other = machine.lease(5, tenant: TenantID(RecordID.make()), deadline: .max, now: 0)
        #expect(other != .tenantOverloaded && other != .overloaded)
    }

    /// Who used the database for a second comes after who used nothing, until he has waited for as long.
    @Test func whoUsedLittleComesFirst() {
        let second: UInt64 = 1_000_000_000
        let (heavy, light) = (TenantID(RecordID.make()), TenantID(RecordID.make()))
        for (waited, winner) in [(second / 2, 12), (2 * second, 11)] {
            var machine = open(1, size: 1)
            _ = machine.lease(10, tenant: heavy, deadline: .max, now: 0)
            _ = machine.released(1, isWorn: false, now: second)
            _ = machine.lease(1, tenant: nil, deadline: .max, now: second)
            _ = machine.lease(11, tenant: heavy, deadline: .max, now: second)
            _ = machine.lease(12, tenant: light, deadline: .max, now: second + waited)
            #expect(machine.released(1, isWorn: false, now: second + waited) == [.grant(winner, 1)])
        }
    }

    // MARK: Scans

    /// Runs a scan of a tenant to its end.
    private func run(_ scan: Scan, _ tenant: TenantID, nanoseconds: UInt64, on machine: inout PoolStateMachine) {
        guard case .granted(let id) = machine.lease(99, tenant: tenant, scan: scan, deadline: .max, now: 0) else {
            Issue.record("not granted")
            return
        }
        _ = machine.released(id, isWorn: false, now: nanoseconds)
    }

    @Test func aScanThatIsNotKnownRunsAlone() {
        var machine = open(8, size: 8)
        let tenant = tenant(at: 0, 1, size: 8)
        #expect(machine.lease(10, tenant: tenant, scan: 1, deadline: .max, now: 0) == .granted(1))
        #expect(machine.lease(11, tenant: tenant, scan: 2, deadline: .max, now: 0) == .queued([]))
        // What is no scan does not wait for it, nor does another tenant.
        #expect(machine.lease(12, tenant: tenant, deadline: .max, now: 0) == .granted(2))
        let other = self.tenant(at: 2, 3, size: 8)
        #expect(machine.lease(13, tenant: other, scan: 1, deadline: .max, now: 0) == .granted(3))
        #expect(machine.released(1, isWorn: false, now: 1) == [.grant(11, 1)])
    }

    @Test func quickScansRunTogether() {
        var machine = open(8, size: 8)
        let tenant = tenant(at: 0, 1, size: 8)
        run(1, tenant, nanoseconds: 1_000_000, on: &machine)
        for waiter in 10...13 { _ = machine.lease(waiter, tenant: tenant, scan: 1, deadline: .max, now: 0) }
        _ = machine.tick(now: PoolLimits.patience)
        #expect(machine.waiterCount == 0)
    }

    /// Meeting a tenant costs once.
    @Test func aConnectionThatHasMetATenantIsAsGoodAsItsHome() {
        var machine = open(8, size: 8)
        let (tenant, later) = (tenant(at: 2, 3, size: 8), PoolLimits.patience)
        for id in 1...8 { _ = machine.lease(id, tenant: nil, deadline: .max, now: 0) }
        _ = machine.lease(10, tenant: tenant, deadline: .max, now: 0)
        #expect(machine.released(1, isWorn: false, now: later) == [.grant(10, 1)])
        for id in 1...8 { _ = machine.released(id, isWorn: false, now: later) }
        #expect(machine.lease(11, tenant: tenant, deadline: .max, now: later) == .granted(3))
        #expect(machine.lease(12, tenant: tenant, deadline: .max, now: later) == .granted(4))
        #expect(machine.lease(13, tenant: tenant, deadline: .max, now: later) == .granted(1))
        #expect(machine.lease(14, tenant: tenant, deadline: .max, now: later) == .queued([]))
    }

    /// Long ones of all tenants together, and one that turns out to be long counts from then on.
    @Test func fewLongScansRunAtATime() {
        var machine = open(8, size: 8)
        let tenants = (0..<3).map { self.tenant(at: 2 * $0, 2 * $0 + 1, size: 8) }
        for tenant in tenants.prefix(2) { run(1, tenant, nanoseconds: 200_000_000, on: &machine) }
        #expect(machine.lease(10, tenant: tenants[0], scan: 1, deadline: .max, now: 0) == .granted(1))
        #expect(machine.lease(11, tenant: tenants[2], scan: 1, deadline: .max, now: 0) == .granted(5))
        #expect(machine.lease(12, tenant: tenants[1], scan: 1, deadline: .max, now: ScanClass.longFrom) == .queued([]))
        #expect(
            machine.released(5, isWorn: false, now: ScanClass.longFrom + PoolLimits.patience) == [.grant(12, 3)])
    }

    @Test func scansOfATenantDoNotQueueUp() {
        var machine = open(8, size: 8, waiters: 100)
        let tenant = tenant(at: 0, 1, size: 8)
        #expect(machine.lease(10, tenant: tenant, scan: 1, deadline: .max, now: 0) == .granted(1))
        for waiter in 1...PoolLimits.scanWaiterOfTenantCountMax {
            #expect(machine.lease(waiter, tenant: tenant, scan: Scan(waiter), deadline: .max, now: 0) == .queued([]))
        }
        #expect(machine.lease(99, tenant: tenant, scan: 99, deadline: .max, now: 0) == .scansOverloaded)
        #expect(machine.scanRefusal(of: tenant) == .scansOverloaded)
        #expect(machine.scanRefusal(of: self.tenant(at: 2, 3, size: 8)) == nil)
        #expect(machine.tick(now: PoolLimits.scanWaitMax - 1) == [])
        #expect(machine.tick(now: PoolLimits.scanWaitMax).count == PoolLimits.scanWaiterOfTenantCountMax)
        #expect(machine.waiterCount == 0 && machine.scanRefusal(of: tenant) == nil)
    }

    /// Calling and giving up soon does not make a scan look quick.
    @Test func aScanThatWasBrokenOffIsNotKnownToBeQuick() {
        var machine = open(8, size: 8)
        let tenant = tenant(at: 0, 1, size: 8)
        #expect(machine.lease(10, tenant: tenant, scan: 1, deadline: .max, now: 0) == .granted(1))
        _ = machine.released(1, isWorn: false, isWhole: false, now: 1_000_000)
        #expect(machine.scanClass(1, of: tenant) == .alone)
        run(1, tenant, nanoseconds: 1_000_000, on: &machine)
        #expect(machine.scanClass(1, of: tenant) == .quick)
    }

    // MARK: Anything

    /// Any sequence of events keeps the promises: never more connections than allowed, each granted once, no tenant more than is left
    /// for others, one scan of a tenant at a time; and in the end everybody is served.
    @Test(arguments: 0..<20) func keepsItsPromisesWhateverHappens(_ seed: UInt64) {
        var run = RandomRun(seed: seed)
        for step in 0..<3_000 { run.step(step) }
        run.drain()
    }
}

/// A pool of five connections, worked at random by three tenants.
private struct RandomRun {
    private var random: SeededGenerator
    private var machine = PoolStateMachine(PoolLimits(size: 5, waiterCountMax: 12, waiterOfTenantCountMax: 6))
    private let tenants: [TenantID?] = [nil] + (0..<3).map { _ in TenantID(RecordID.make()) }
    private var opening: Set<Int> = []
    private var leased: [Int: (tenant: TenantID?, scan: Scan?)] = [:]
    private var waiting: [Int: (tenant: TenantID?, scan: Scan?)] = [:]
    private var now: UInt64 = 0

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    mutating func step(_ step: Int) {
        now += random.next() % 2_000_000
        switch random.next() % 6 {
        case 0, 1: lease(step)
        case 2: if let id = opening.popFirst() { carryOut(machine.opened(id, now: now)) }
        case 3 where random.next() % 8 == 0:
            if let id = opening.popFirst() { carryOut(machine.openFailed(id, now: now, random: 0.5)) }
        case 4: giveBack()
        case 5 where random.next() % 8 == 0:
            if let waiter = waiting.keys.min() {
                waiting[waiter] = nil
                let wasWaiting = machine.cancelled(waiter)
                #expect(wasWaiting)
            }
        default: carryOut(machine.tick(now: now))
        }
        check()
    }

    /// Nothing new comes: within as many returns as there are waiters all are served.
    mutating func drain() {
        for _ in 0..<100 where !waiting.isEmpty {
            now += PoolLimits.patience
            while let id = opening.popFirst() { carryOut(machine.opened(id, now: now)) }
            giveBack()
            carryOut(machine.tick(now: now))
            check()
        }
        #expect(waiting.isEmpty)
    }

    private mutating func lease(_ waiter: Int) {
        let tenant = tenants[Int(random.next() % 4)]
        let scan = random.next() % 3 == 0 && tenant != nil ? Scan(Int(random.next() % 4)) : nil
        let decision = machine.lease(waiter, tenant: tenant, scan: scan, deadline: now + 50_000_000, now: now)
        switch decision {
        case .granted(let id): grant(id, tenant, scan)
        case .queued(let actions):
            waiting[waiter] = (tenant, scan)
            carryOut(actions)
        case .overloaded: #expect(waiting.count == 12)
        case .tenantOverloaded: #expect(waiting.values.count { $0.tenant == tenant } == 6)
        case .scansOverloaded, .closed: Issue.record("\(decision)")
        }
    }

    private mutating func giveBack() {
        guard let id = leased.keys.sorted().first(where: { _ in random.next() % 2 == 0 }) ?? leased.keys.min() else {
            return
        }
        leased[id] = nil
        let isLost = random.next() % 8 == 0
        carryOut(
            isLost
                ? machine.lost(id, now: now)
                : machine.released(id, isWorn: random.next() % 3 == 0, now: now))
    }

    private mutating func grant(_ id: Int, _ tenant: TenantID?, _ scan: Scan?) {
        // What it has beside this one is less than what was free.
        let free = 5 - leased.count
        if tenant != nil { #expect(leased.values.count { $0.tenant == tenant } < free) }
        let before = leased.updateValue((tenant, scan), forKey: id)
        #expect(before == nil)
    }

    private mutating func carryOut(_ actions: [PoolStateMachine.Action]) {
        for action in actions {
            switch action {
            case .open(let id, _):
                let isNew = opening.insert(id).inserted
                #expect(isNew)
            case .close(let id): leased[id] = nil
            case .grant(let waiter, let id):
                guard let waiter = waiting.removeValue(forKey: waiter) else {
                    Issue.record("nobody waits as \(waiter)")
                    continue
                }
                grant(id, waiter.tenant, waiter.scan)
            case .expire(let waiter), .expireScan(let waiter), .refuse(let waiter):
                let removed = waiting.removeValue(forKey: waiter)
                #expect(removed != nil)
            }
        }
    }

    private func check() {
        #expect(machine.connectionCount <= 6)
        #expect(machine.waiterCount == waiting.count)
        #expect(machine.leasedCount == leased.count)
        for tenant in tenants {
            let alone = machine.entries.count {
                $0.state.lease.map { $0.tenant == tenant && $0.scanClass != .quick } ?? false
            }
            #expect(alone <= 1)
        }
    }
}
