import Tenancy
import Testing

@testable import Work

/// Whose turn it is.
@Suite struct JobTurnsTests {
    private var now = Timestamp(seconds: 1000)

    private func limits(turns: Int = 1, jobs: Int = 2) -> JobLimits {
        var limits = JobLimits()
        (limits.turnsMax, limits.jobsOfTenantMax) = (turns, jobs)
        return limits
    }

    private func job(of tenant: TenantID) -> HeldJob {
        HeldJob(
            tenantID: tenant, name: "job", userID: nil,
            lease: JobLease(jobID: .make(), holderID: .make(), number: 1),
            takenAt: now, leasedUntil: now)
    }

    private func take(_ turns: inout JobTurns) throws -> JobTurns.Turn {
        let turn = turns.next(at: now)
        return try #require(turn)
    }

    /// Ends a turn: a look finds what is given, a step goes on.
    private func end(_ turn: JobTurns.Turn, _ turns: inout JobTurns, found: [TenantID: [HeldJob]] = [:]) {
        switch turn {
        case .look(let tenant, _): turns.looked(at: tenant, taken: found[tenant] ?? [], next: nil, at: now)
        case .step(let job): turns.stepped(job.tenantID, job, at: now)
        }
    }

    @Test func aTenantWithManyStepsLetsOthersInBetween() throws {
        let (busy, other) = (TenantID(.make()), TenantID(.make()))
        var turns = JobTurns(limits())
        turns.wake(busy, at: now)
        let found = [busy: [job(of: busy), job(of: busy)], other: [job(of: other)]]
        for _ in 0..<1000 {
            let turn = try take(&turns)
            end(turn, &turns, found: found)
        }
        turns.wake(other, at: now)
        var wait = 0
        while let turn = turns.next(at: now) {
            if case .step(let job) = turn, job.tenantID == other { break }
            end(turn, &turns, found: found)
            wait += 1
            guard wait < 100 else { break }
        }
        #expect(wait <= 4)
    }

    @Test func noMoreIsUnderWayThanMayBe() throws {
        var turns = JobTurns(limits(turns: 3))
        for _ in 0..<10 { turns.wake(TenantID(.make()), at: now) }
        let given = (0..<10).compactMap { _ in turns.next(at: now) }
        #expect(given.count == 3 && turns.underWay == 3)
        end(given[0], &turns)
        let (one, none) = (turns.next(at: now), turns.next(at: now))
        #expect(one != nil && none == nil)
    }

    @Test func aTenantHasNoMoreJobsThanItMay() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(turns: 8))
        turns.wake(tenant, at: now)
        guard case .look(_, let first) = try take(&turns) else { return #expect(Bool(false)) }
        #expect(first == 2)
        turns.looked(at: tenant, taken: [job(of: tenant)], next: now, at: now)
        let turn = [turns.next(at: now), turns.next(at: now)].compactMap(\.self)
        let counts = turn.compactMap { if case .look(_, let count) = $0 { count } else { nil } }
        #expect(turn.count == 2 && counts == [1])
        turns.looked(at: tenant, taken: [job(of: tenant)], next: now, at: now)
        turns.wake(tenant, at: now)
        guard case .step = try take(&turns) else { return #expect(Bool(false)) }
        let turn1 = turns.next(at: now)
        #expect(turn1 == nil)
        turns.stepped(tenant, nil, at: now)
        guard case .look(_, 1) = try take(&turns) else { return #expect(Bool(false)) }
    }

    @Test func anIdleTenantIsLookedAtOncePerPeriodAndWhenWoken() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(turns: 8))
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns)
        let (early, look) = (turns.next(at: now.advanced(by: .seconds(299))), turns.nextMoment())
        #expect(early == nil && look == now.advanced(by: .seconds(300)))
        turns.wake(tenant, at: now)
        let woken = try take(&turns)
        turns.wake(tenant, at: now)
        let turn2 = turns.next(at: now)
        #expect(turn2 == nil)
        end(woken, &turns)
        let turn3 = turns.next(at: now)
        #expect(turn3 != nil)
    }

    @Test func aTenantThatIsLeftIsForgotten() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits())
        turns.wake(tenant, at: now)
        turns.leave(tenant)
        let (turn, look) = (turns.next(at: now), turns.nextMoment())
        #expect(turn == nil && turns.tenantCount == 0 && look == nil)
    }

    /// So many jobs in hand that no more are looked for: nothing is due until one is done, so that nobody waits in vain for a look.
    @Test func whoHasEnoughInHandLooksForNoMore() throws {
        var limits = limits(jobs: 4)
        limits.waitingMax = 3
        let (full, other) = (TenantID(.make()), TenantID(.make()))
        var turns = JobTurns(limits)
        turns.wake(full, at: now)
        let found = (0..<4).map { _ in job(of: full) }
        end(try take(&turns), &turns, found: [full: found])
        turns.wake(other, at: now)
        for waiting in [3, 2] {
            guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
            #expect(job.tenantID == full && turns.waiting.count == waiting)
            let due = turns.nextMoment()
            #expect(due == (waiting == 3 ? nil : now))
            turns.stepped(full, nil, at: now)
        }
    }

    /// As long as its step took, and no longer than may be, however its clock jumps.
    @Test(arguments: [(20, 20), (0, 0), (-5_000, 0), (3_600_000, 1_000)])
    func aJobRestsAsLongAsItWorked(_ took: Int, _ rest: Int) throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(jobs: 1))
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns, found: [tenant: [job(of: tenant)]])
        guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
        turns.stepped(tenant, job, took: .milliseconds(took), at: now)
        let end = now.advanced(by: .milliseconds(rest))
        let moment = turns.nextMoment()
        #expect(moment == end && turns.waiting.count == 1)
        if rest > 0 {
            let early = turns.next(at: now.advanced(by: .milliseconds(rest - 1)))
            #expect(early == nil)
        }
        guard case .step = turns.next(at: end) else { return #expect(Bool(false)) }
    }

    /// Whoever wakes it.
    @Test func aTenantIsNotLookedAtBeforeItsTime() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits())
        turns.wake(tenant, at: now)
        _ = try take(&turns)
        turns.wake(tenant, at: now)
        let time = now.advanced(by: .seconds(1))
        turns.looked(at: tenant, taken: [], next: nil, notBefore: time, at: now)
        turns.wake(tenant, at: now)
        let (early, moment) = (turns.next(at: now), turns.nextMoment())
        #expect(early == nil && moment == time)
        guard case .look = turns.next(at: time) else { return #expect(Bool(false)) }
    }

    /// A tenant that is written to all the time leaves nothing behind.
    @Test func looksThatHoldNoMoreAreForgotten() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits())
        for second in 0..<10_000 {
            let now = now.advanced(by: .milliseconds(second))
            turns.wake(tenant, at: now)
            guard case .look = turns.next(at: now) else { return #expect(Bool(false)) }
            turns.looked(at: tenant, taken: [], next: nil, at: now)
        }
        #expect(turns.lookCount < 100)
    }
}
