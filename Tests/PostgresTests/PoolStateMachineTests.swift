import Tenancy
import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
    private let tenant = TenantID(RecordID.make())

    private func machine(size: Int = 2, waiters: Int = 10) -> PoolStateMachine {
        PoolStateMachine(size: size, waiterCountMax: waiters)
    }

    /// A machine with idle connections 1…count.
    private func open(_ count: Int, size: Int) -> PoolStateMachine {
        var machine = machine(size: size)
        for id in 1...count {
            _ = machine.lease(id, tenant: nil, deadline: .max, now: 0)
            _ = machine.opened(id)
        }
        for id in 1...count { _ = machine.released(id, isWorn: false, now: 0) }
        return machine
    }

    @Test func opensOnlyAsManyAsWaitAndFit() {
        var machine = machine(size: 2)
        #expect(machine.lease(1, tenant: nil, deadline: .max, now: 0) == .queued([.open(1, after: 0)]))
        #expect(machine.lease(2, tenant: nil, deadline: .max, now: 0) == .queued([.open(2, after: 0)]))
        #expect(machine.lease(3, tenant: nil, deadline: .max, now: 0) == .queued([]))
        #expect(machine.opened(1) == [.grant(1, 1)])
        #expect(machine.released(1, isWorn: false, now: 0) == [.grant(2, 1)])
        #expect(machine.opened(2) == [.grant(3, 2)])
    }

    @Test func prefersTheTenantsLastConnection() {
        var machine = open(3, size: 3)
        #expect(machine.lease(10, tenant: nil, deadline: .max, now: 0) == .granted(1))
        #expect(machine.lease(11, tenant: tenant, deadline: .max, now: 0) == .granted(2))
        _ = machine.released(1, isWorn: false, now: 0)
        _ = machine.released(2, isWorn: false, now: 0)
        #expect(machine.lease(12, tenant: tenant, deadline: .max, now: 0) == .granted(2))
        // Its own is busy: any other is better than waiting.
        #expect(machine.lease(13, tenant: tenant, deadline: .max, now: 0) == .granted(1))
    }

    @Test func servesInTheOrderOfArrival() {
        var machine = open(1, size: 1)
        #expect(machine.lease(10, tenant: nil, deadline: .max, now: 0) == .granted(1))
        _ = machine.lease(11, tenant: nil, deadline: .max, now: 0)
        _ = machine.lease(12, tenant: tenant, deadline: .max, now: 0)
        #expect(machine.released(1, isWorn: false, now: 0) == [.grant(11, 1)])
        #expect(machine.released(1, isWorn: false, now: 0) == [.grant(12, 1)])
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
        #expect(machine.opened(3) == [.grant(3, 3)])
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
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .granted(1))
        // Still one successor only.
        #expect(machine.released(1, isWorn: true, now: 0) == [])
        #expect(machine.lease(12, tenant: nil, deadline: .max, now: 0) == .granted(1))
        #expect(machine.opened(2) == [])
        #expect(machine.released(1, isWorn: true, now: 0) == [.close(1)])
        #expect(machine.lease(13, tenant: nil, deadline: .max, now: 0) == .granted(2))
    }

    @Test func aLostConnectionIsMadeUpForWhileSomebodyWaits() {
        var machine = open(1, size: 1)
        _ = machine.lease(10, tenant: nil, deadline: .max, now: 0)
        #expect(machine.lease(11, tenant: nil, deadline: .max, now: 0) == .queued([]))
        #expect(machine.lost(1, now: 0) == [.open(2, after: 0)])
        #expect(machine.opened(2) == [.grant(11, 2)])
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
        #expect(machine.opened(7) == [.close(7)])
    }

    /// Any sequence of events keeps the promises: never more connections than allowed, each granted once.
    @Test(arguments: 0..<20) func keepsItsPromisesWhateverHappens(_ seed: UInt64) {
        var random = SplitMix(state: seed)
        var machine = machine(size: 3, waiters: 5)
        var (opening, leased, waiting): (Set<Int>, Set<Int>, Set<Int>) = ([], [], [])
        func carryOut(_ actions: [PoolStateMachine.Action]) {
            for action in actions {
                switch action {
                case .open(let id, _): #expect(opening.insert(id).inserted)
                case .close(let id): leased.remove(id)
                case .grant(let waiter, let id):
                    #expect(waiting.remove(waiter) != nil)
                    #expect(leased.insert(id).inserted)
                case .expire(let waiter), .refuse(let waiter): #expect(waiting.remove(waiter) != nil)
                }
            }
        }
        for step in 0..<2_000 {
            let now = UInt64(step) * 1_000_000
            switch random.next() % 6 {
            case 0, 1:
                switch machine.lease(step, tenant: nil, deadline: now + 50_000_000, now: now) {
                case .granted(let id): #expect(leased.insert(id).inserted)
                case .queued(let actions):
                    waiting.insert(step)
                    carryOut(actions)
                case .overloaded: #expect(waiting.count == 5)
                case .closed: Issue.record("nobody closed it")
                }
            case 2: if let id = opening.popFirst() { carryOut(machine.opened(id)) }
            case 3 where random.next() % 4 == 0:
                if let id = opening.popFirst() { carryOut(machine.openFailed(id, now: now, random: 0.5)) }
            case 4:
                if let id = leased.popFirst() {
                    carryOut(
                        random.next() % 5 == 0
                            ? machine.lost(id, now: now)
                            : machine.released(id, isWorn: random.next() % 3 == 0, now: now))
                }
            default: carryOut(machine.tick(now: now))
            }
            #expect(machine.connectionCount <= 4)
            #expect(machine.waiterCount == waiting.count)
            #expect(machine.leasedCount == leased.count)
        }
    }
}

/// A generator that gives the same numbers for the same seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
