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
            until: now, JobLimits())
    }

    private func take(_ turns: inout JobTurns) throws -> JobTurns.Turn {
        let turn = turns.next(at: now)
        return try #require(turn)
    }

    /// Ends a turn: a look finds what is given, a step goes on.
    private func end(_ turn: JobTurns.Turn, _ turns: inout JobTurns, found: [TenantID: [HeldJob]] = [:]) {
        switch turn {
        case .look(let tenant, _): turns.looked(at: tenant, taken: found[tenant] ?? [], next: nil, at: now)
        case .step(let job): turns.stepped(job, job, at: now)
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
        guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
        let turn1 = turns.next(at: now)
        #expect(turn1 == nil)
        turns.stepped(job, nil, at: now)
        guard case .look(_, 1) = try take(&turns) else { return #expect(Bool(false)) }
    }

    @Test func anIdleTenantIsLookedAtWhenWokenAndNotBefore() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(turns: 8))
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns)
        let (early, look) = (turns.next(at: now.advanced(by: .seconds(1_000_000))), turns.nextMoment())
        #expect(early == nil && look == nil)
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
        limits.jobsMax = 4
        let (full, other) = (TenantID(.make()), TenantID(.make()))
        var turns = JobTurns(limits)
        turns.wake(full, at: now)
        let found = (0..<4).map { _ in job(of: full) }
        end(try take(&turns), &turns, found: [full: found])
        turns.wake(other, at: now)
        guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
        let whileFull = turns.nextMoment()
        #expect(job.tenantID == full && turns.heldCount == 4 && whileFull == nil)
        turns.stepped(job, nil, at: now)
        let due = turns.nextMoment()
        #expect(due == now)
    }

    /// As long as its step took, and no longer than may be, however its clock jumps.
    @Test(arguments: [(20, 20), (0, 0), (-5_000, 0), (3_600_000, 1_000)])
    func aJobRestsAsLongAsItWorked(_ took: Int, _ rest: Int) throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(jobs: 1))
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns, found: [tenant: [job(of: tenant)]])
        guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
        turns.stepped(job, job, took: .milliseconds(took), at: now)
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

    /// After a break with identity all workspaces are woken at once, when their nightly jobs are due.
    @Test func whoIsToldOfAllTenantsAtOnceHoldsFewJobs() throws {
        var limits = limits(turns: 8)
        limits.jobsMax = 64
        var turns = JobTurns(limits)
        for _ in 0..<3_000 { turns.wake(TenantID(.make()), at: now) }
        var most = 0
        for _ in 0..<10_000 {
            guard let turn = turns.next(at: now) else { break }
            if case .look(let tenant, _) = turn {
                turns.looked(at: tenant, taken: [job(of: tenant), job(of: tenant)], next: nil, at: now)
            } else if case .step(let job) = turn {
                turns.stepped(job, nil, at: now)
            }
            most = max(most, turns.heldCount)
        }
        #expect(most <= 64)
    }

    /// The slice of a job begins with its first step, not with its time in the line.
    @Test func aJobHasBegunWithItsFirstStep() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits())
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns, found: [tenant: [job(of: tenant)]])
        let later = now.advanced(by: .seconds(10))
        guard case .step(let first) = turns.next(at: later) else { return #expect(Bool(false)) }
        turns.stepped(first, first, at: later)
        guard case .step(let second) = turns.next(at: later.advanced(by: .seconds(1))) else {
            return #expect(Bool(false))
        }
        #expect(first.begunAt == later && second.begunAt == later)
    }

    /// Whoever is left while its jobs are under way, and woken again, has no more of them than others.
    @Test func aTenantThatComesBackHasNoMoreJobsThanItMay() throws {
        let tenant = TenantID(.make())
        var turns = JobTurns(limits(turns: 8))
        turns.wake(tenant, at: now)
        end(try take(&turns), &turns, found: [tenant: [job(of: tenant), job(of: tenant)]])
        let steps = [try take(&turns), try take(&turns)]
        turns.leave(tenant)
        #expect(turns.tenantCount == 0)
        turns.wake(tenant, at: now)
        let early = turns.next(at: now)
        #expect(early == nil)
        for case .step(let job) in steps { turns.stepped(job, nil, at: now) }
        guard case .look(_, let count) = try take(&turns) else { return #expect(Bool(false)) }
        #expect(count == 2)
        turns.leave(tenant)
        turns.wake(tenant, at: now)
        let second = turns.next(at: now)
        #expect(second == nil)
        turns.looked(at: tenant, taken: [], next: nil, at: now)
        let third = turns.next(at: now)
        #expect(third != nil)
    }

    /// A clock that is put back an hour holds nobody up for one.
    @Test func whatIsPlannedGoesBackWithTheClock() throws {
        let (resting, waiting) = (TenantID(.make()), TenantID(.make()))
        var turns = JobTurns(limits(turns: 8))
        turns.wake(resting, at: now)
        end(try take(&turns), &turns, found: [resting: [job(of: resting)]])
        guard case .step(let job) = try take(&turns) else { return #expect(Bool(false)) }
        turns.stepped(job, job, took: .seconds(1), at: now)
        turns.wake(waiting, at: now)
        _ = try take(&turns)
        turns.looked(at: waiting, taken: [], next: nil, notBefore: now.advanced(by: .seconds(1)), at: now)
        let before = now.advanced(by: .seconds(-3_600))
        turns.wake(waiting, at: before)
        let early = turns.next(at: before)
        #expect(early == nil)
        let then = before.advanced(by: .seconds(1))
        let (one, other) = (turns.next(at: then), turns.next(at: then))
        #expect(one != nil && other != nil)
    }

    /// Of what waits and of what is in a step that does not hold its row; when that was tried, not at once again.
    @Test func leasesAreMadeLongerInTime() throws {
        let (tenant, limits) = (TenantID(.make()), limits())
        var turns = JobTurns(limits)
        func held(isFreeInSteps: Bool) -> HeldJob {
            let lease = JobLease(jobID: .make(), holderID: .make(), number: 1)
            return HeldJob(
                tenantID: tenant, name: "job", userID: nil, lease: lease, isFreeInSteps: isFreeInSteps,
                until: now.advanced(by: limits.lease), limits)
        }
        turns.wake(tenant, at: now)
        let jobs = [held(isFreeInSteps: true), held(isFreeInSteps: false)]
        end(try take(&turns), &turns, found: [tenant: jobs])
        let half = now.advanced(by: limits.lease / 2)
        let (early, due) = (turns.renewals(at: now), turns.renewals(at: half))
        #expect(early.isEmpty && Set(due) == Set(jobs))
        turns.renewed(jobs[1].leased(until: half.advanced(by: limits.lease), limits))
        guard case .step(let stepping) = try take(&turns) else { return #expect(Bool(false)) }
        #expect(stepping.lease == jobs[0].lease && turns.renewals(at: half).map(\.lease) == [stepping.lease])
        turns.renewed(stepping.renewed(at: half.advanced(by: .seconds(1))))
        #expect(turns.renewals(at: half).isEmpty)
        #expect(turns.renewals(at: half.advanced(by: .seconds(1))).map(\.lease) == [stepping.lease])
    }

    /// However many tenants have long jobs: they hold all that a runner may, and give it back soon when another is to be looked at.
    @Test(arguments: [30, 40, 100]) func manyBusyTenantsLetAnotherIn(_ busy: Int) throws {
        var turns = JobTurns(JobLimits())
        var (moment, steps) = (now, 0)
        let tenants = (0..<busy).map { _ in TenantID(.make()) }
        let victim = TenantID(.make())
        for tenant in tenants { turns.wake(tenant, at: moment) }
        var since: Timestamp?
        while steps < 8_000 {
            moment = moment.advanced(by: .milliseconds(3))
            if steps == 2_000, since == nil {
                turns.wake(victim, at: moment)
                since = moment
            }
            switch turns.next(at: moment) {
            case .look(victim, _):
                let waited = moment.microseconds - (since ?? moment).microseconds
                return #expect(waited < 5_000_000)
            case .look(let tenant, let countMax):
                let taken = (0..<countMax).map { _ in job(of: tenant) }
                turns.looked(at: tenant, taken: taken, next: moment, at: moment)
            case .step(let job):
                steps += 1
                let isOver = (job.begunAt ?? moment).advanced(by: turns.slice(at: moment)) <= moment
                turns.stepped(job, isOver ? nil : job, took: .milliseconds(25), at: moment)
            case nil: continue
            }
        }
        Issue.record("the other was not looked at within 6,000 steps")
    }
}
