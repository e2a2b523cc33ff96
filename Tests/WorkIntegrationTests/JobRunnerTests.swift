import Contracts
import CustomerContracts
import Postgres
import RPC
import Reactor
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// What runners do with jobs in a real database.
@Suite struct JobRunnerTests {
    @Test func aJobGoesStepByStep() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            await jobs.settle(try jobs.runner(jobs.counting(3)))
            let job = try await jobs.job(id)
            #expect(job.state == .done && job.progress == JobProgress(done: 3, total: 3) && job.lastError == nil)
            #expect(job.startedAt == jobs.now && job.endedAt == jobs.now && job.lease == nil)
            #expect(try await jobs.steps(of: id) == [0, 1, 2])
            let purposes = try await jobs.service.sql("SELECT DISTINCT purpose FROM {schema}.ledger")
                .map { try $0.string(0) }
            #expect(purposes == ["count"])
        }
    }

    /// A look finds what is due in a second while the runner sleeps for longer already.
    @Test func aRunnerSleepsNoLongerThanUntilWhatALookFound() async throws {
        try await Jobs.run { jobs in
            _ = try await jobs.make(after: .seconds(1))
            let loop = try #require(EventLoop.current)
            let sleeps = Mutex<[Duration]>([])
            // Ends by a ring only.
            let clock = JobClock(
                now: { jobs.now },
                sleep: { duration in
                    sleeps.withLock { $0.append(duration) }
                    try? await loop.sleep(for: .seconds(3600))
                })
            let runner = try jobs.runner(jobs.counting(1), clock: clock)
            runner.wake(jobs.tenant)
            let running = loop.spawn { await runner.run() }
            let end = MonotonicTime.now() + 10_000_000_000
            while sleeps.withLock({ $0.last }) != .seconds(1), MonotonicTime.now() < end {
                try await loop.sleep(for: .milliseconds(5))
            }
            #expect(sleeps.withLock { $0.last } == .seconds(1))
            runner.drain()
            await running.value
        }
    }

    /// Long jobs have all places of the workspace; a short one that comes later has its turn when they have had a slice of time.
    @Test func aShortJobDoesNotWaitForTheEndOfLongOnes() async throws {
        try await Jobs.run { jobs in
            let long = try await [jobs.make(), jobs.make()]
            let isMade = Mutex(false)
            let short = Mutex<RecordID?>(nil)
            let work = jobs.counting(
                50,
                before: { step in
                    jobs.advance(.milliseconds(500))
                    let isFirst = isMade.withLock { isMade in
                        defer { isMade = isMade || step == 3 }
                        return step == 3 && !isMade
                    }
                    guard isFirst else { return }
                    let id = try await jobs.make("tell")
                    short.withLock { $0 = id }
                })
            let tell = JobDefinition("tell", for: Jobs.purpose, doing: ActivityServiceMethods.createActivity) { _, _ in
                .done(JobProgress(done: 1))
            }
            await jobs.settle(try jobs.runner(work, tell))
            let told = try await jobs.job(try #require(short.withLock { $0 }))
            let latest = told.createdAt.advanced(by: .seconds(10))
            #expect(told.state == .done && told.startedAt ?? latest < latest)
            for id in long {
                let job = try await jobs.job(id)
                #expect(job.state == .done && job.endedAt ?? .now() > latest && job.attempts == 0)
                #expect(try await jobs.steps(of: id) == Array(0..<50))
            }
        }
    }

    /// A step that calls others and takes longer than a lease keeps it; what was lost is not asked for again.
    @Test func aLongStepOfCallsKeepsItsLease() async throws {
        var limits = JobLimits()
        (limits.lease, limits.otherLook) = (.milliseconds(600), .milliseconds(50))
        try await Jobs.run(limits) { jobs in
            let loop = try #require(EventLoop.current)
            let steps = Mutex(0)
            let work = JobDefinition(
                named: "count", for: Jobs.purpose, doing: ActivityServiceMethods.createActivity,
                attempts: JobAttempts(3)
            ) { _, _ in
                steps.withLock { $0 += 1 }
                try await loop.sleep(for: .seconds(2))
                return .done(JobProgress(done: 1))
            }
            let id = try await jobs.make()
            let runners = try (0..<2).map { _ in try jobs.runner(work, clock: .system(loop)) }
            let running = runners.map { runner in
                runner.wake(jobs.tenant)
                return loop.spawn { await runner.run() }
            }
            let deadline = Deadline.after(.seconds(20))
            while try await jobs.job(id).state.isOpen, !deadline.isPast { try await loop.sleep(for: .milliseconds(20)) }
            for runner in runners { runner.drain() }
            for task in running { await task.value }
            let job = try await jobs.job(id)
            #expect(job.state == .done && job.attempts == 0 && steps.withLock(\.self) == 1)
        }
    }

    @Test func aKeyMakesAJobOnce() async throws {
        try await Jobs.run { jobs in
            let (one, same, other) = try await (jobs.make(key: "a"), jobs.make(key: "a"), jobs.make(key: "b"))
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            let again = try await jobs.make(key: "a")
            #expect(one == same && one == again && one != other)
            #expect(try await jobs.service.number("SELECT count(*) FROM {schema}.jobs") == 2)
        }
    }

    @Test func twoRunnersNeverRunTheSameStep() async throws {
        var limits = JobLimits()
        limits.jobsOfTenantMax = 4
        try await Jobs.run(limits) { jobs in
            var ids: [RecordID] = []
            for _ in 0..<16 { ids.append(try await jobs.make()) }
            let counts = Mutex<[Int: Int]>([:])
            let runners = try (0..<2).map { number in
                try jobs.runner(jobs.counting(5, before: { _ in counts.withLock { $0[number, default: 0] += 1 } }))
            }
            let tasks = runners.map { runner in
                jobs.service.postgres.start {
                    // Others may have everything at this moment.
                    while try await jobs.service.number("SELECT count(*) FROM {schema}.jobs WHERE ended_at IS NULL") > 0
                    {
                        await jobs.settle(runner)
                    }
                }
            }
            for task in tasks { try await task.value }
            for id in ids {
                let (state, steps) = try await (jobs.job(id).state, jobs.steps(of: id))
                #expect(state == .done && steps == [0, 1, 2, 3, 4])
            }
            let shares = counts.withLock { $0 }
            #expect(shares.values.reduce(0, +) == 80 && shares.count == 2)
        }
    }

    /// The process is gone after the effect, before COMMIT; PostgreSQL notices by the connection.
    @Test func whatWasNotCommittedIsDoneByAnother() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let dying = try jobs.runner(
                jobs.counting(
                    2,
                    after: { step, transaction in
                        guard step == 1 else { return }
                        let pid = try await transaction.query(Statement("SELECT pg_backend_pid()")).one().int32(0)
                        _ = try await jobs.service.postgres.rows("SELECT pg_terminate_backend(\(pid))")
                        jobs.advance(.seconds(61))
                        await jobs.settle(try jobs.runner(jobs.counting(2)))
                    }))
            await jobs.settle(dying)
            let job = try await jobs.job(id)
            #expect(job.state == .done && job.lastError == nil)
            #expect(try await jobs.steps(of: id) == [0, 1])
        }
    }

    /// The process is gone after COMMIT, before it knows.
    @Test func whatWasCommittedIsNotDoneAgain() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let (gone, other) = try (jobs.runner(jobs.counting(3)), jobs.runner(jobs.counting(3)))
            let taken = await gone.look(at: jobs.tenant, countMax: 1).taken
            _ = await gone.step(try #require(taken.first))
            await jobs.settle(other)
            #expect(try await jobs.steps(of: id) == [0])
            jobs.advance(.seconds(61))
            await jobs.settle(other)
            #expect(try await jobs.steps(of: id) == [0, 1, 2])
        }
    }

    /// A runner that was away for longer than its lease comes back when another has gone on, or is just going on.
    @Test func whoLostTheLeaseDoesNothing() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let (late, other) = try (jobs.runner(jobs.counting(3)), jobs.runner(jobs.counting(3)))
            let held = try #require(await late.look(at: jobs.tenant, countMax: 1).taken.first)
            jobs.advance(.seconds(61))
            let next = try #require(await other.look(at: jobs.tenant, countMax: 1).taken.first)
            #expect(await late.step(held) == nil)
            #expect(try await jobs.steps(of: id) == [])
            let going = try #require(await other.step(next))
            #expect(await late.step(held) == nil)
            _ = await other.renew([going])
            #expect(await late.renew([held]).map(\.renewAt) == [.never])
            await late.release([held])
            #expect(try await jobs.steps(of: id) == [0])
            #expect(try await jobs.job(id).lease == going.lease)
        }
    }

    @Test func aLeaseIsRenewedWhileItsJobWaits() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let runner = try jobs.runner(jobs.counting(3))
            let held = try #require(await runner.look(at: jobs.tenant, countMax: 1).taken.first)
            jobs.advance(.seconds(25))
            #expect(await runner.renew([held]).count == 1)
            jobs.advance(.seconds(25))
            let other = try jobs.runner(jobs.counting(3))
            #expect(await other.look(at: jobs.tenant, countMax: 1).taken == [])
            #expect(try await jobs.job(id).attempts == 0)
        }
    }

    @Test func aStepThatEndsItsProcessEndsItsJob() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            for _ in 0..<4 {
                let taken = await (try jobs.runner(jobs.counting(1))).look(at: jobs.tenant, countMax: 1).taken
                #expect(taken.count == 1)
                jobs.advance(.seconds(61))
            }
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            let job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "JOB_INTERRUPTED")
            #expect(try await jobs.steps(of: id) == [])
        }
    }

    @Test func aCancelEndsItBeforeTheNextStep() async throws {
        try await Jobs.run { jobs in
            let (id, later) = try await (jobs.make(), jobs.make(after: .seconds(3600)))
            let runner = try jobs.runner(jobs.counting(9))
            var held = await runner.look(at: jobs.tenant, countMax: 1).taken.first
            for _ in 0..<3 { held = await runner.step(try #require(held)) }
            #expect(try await jobs.cancel(id))
            #expect(try await jobs.cancel(later))
            #expect(await runner.step(try #require(held)) == nil)
            await jobs.settle(runner)
            let states = try await [jobs.job(id).state, jobs.job(later).state]
            #expect(states == [.cancelled, .cancelled])
            let steps = try await [jobs.steps(of: id), jobs.steps(of: later)]
            #expect(steps == [[0, 1, 2], []])
            #expect(try await jobs.cancel(id) == false)
        }
    }

    @Test func whoDrainsHandsOverAtOnce() async throws {
        try await Jobs.run { jobs in
            let (id, waiting) = try await (jobs.make(), jobs.make())
            let runners = Mutex<[JobRunner]>([])
            let leaving = try jobs.runner(
                jobs.counting(4, before: { step in if step == 1 { runners.withLock { $0.first }?.drain() } }))
            runners.withLock { $0 = [leaving] }
            leaving.wake(jobs.tenant)
            await leaving.run()
            let states = try await [jobs.job(id), jobs.job(waiting)]
            let areGivenBack = states.allSatisfy { $0.state == .waiting && $0.dueAt == jobs.now && $0.attempts == 0 }
            let isBegun = states.contains { $0.progress.done > 0 }
            #expect(areGivenBack && isBegun)
            await jobs.settle(try jobs.runner(jobs.counting(4)))
            let steps = try await [jobs.steps(of: id), jobs.steps(of: waiting)]
            #expect(steps == [[0, 1, 2, 3], [0, 1, 2, 3]])
        }
    }
}
