import AccessControl
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// Schedules, failures, and for whom a job works.
@Suite struct JobRulesTests {
    @Test func aFailingStepIsTriedAgainLaterAndLater() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let tries = Mutex(0)
            let failing = jobs.counting(
                2,
                after: { _, _ in
                    tries.withLock { $0 += 1 }
                    throw RPCError(.aborted, reason: "VERSION_CONFLICT", "somebody was first")
                })
            let runner = try jobs.runner(failing)
            for (number, wait) in [(1, 5), (2, 10)] {
                await jobs.settle(runner)
                let job = try await jobs.job(id)
                #expect(job.attempts == number && job.dueAt == jobs.now.advanced(by: .seconds(wait)))
                jobs.advance(.seconds(wait))
            }
            await jobs.settle(runner)
            let job = try await jobs.job(id)
            let count = tries.withLock { $0 }
            #expect(job.state == .failed && job.lastError == "VERSION_CONFLICT" && count == 3)
            #expect(try await jobs.steps(of: id) == [])
        }
    }

    /// A month of a schedule, with the night in which clocks are put forward.
    @Test func aDailyJobRunsOncePerDay() async throws {
        try await Jobs.run { jobs in
            let runner = try jobs.runner(jobs.scheduled(.daily(TimeOfDay(2, 30)), .once))
            for _ in 0..<(31 * 4) {
                await jobs.settle(runner)
                jobs.advance(.seconds(6 * 3600))
            }
            let moments = jobs.moments.withLock { $0 }
            #expect(moments.count == 31 && Set(moments).count == 31)
            #expect(moments.contains("2026-03-28T01:30:00Z") && moments.contains("2026-03-29T01:30:00Z"))
            #expect(moments.contains("2026-03-30T00:30:00Z"))
            #expect(try await jobs.service.number("SELECT count(*) FROM {schema}.jobs WHERE ended_at IS NULL") == 1)
        }
    }

    @Test(arguments: [
        (MissedRuns.once, ["2026-03-02T00:00:00Z"]),
        (.all(max: 2), ["2026-03-02T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"]),
        (.skip(lateBy: .seconds(3600)), []), (.skip(lateBy: .seconds(12 * 3600)), ["2026-03-05T00:00:00Z"]),
    ])
    func afterAPauseItDoesWhatItsPolicySays(_ missed: MissedRuns, _ expected: [String]) async throws {
        try await Jobs.run { jobs in
            let definition = jobs.scheduled(.every(minutes: 1440), missed)
            await jobs.settle(try jobs.runner(definition))
            jobs.advance(.seconds(4 * 86_400 + 6 * 3600))
            await jobs.settle(try jobs.runner(definition))
            let moments = jobs.moments.withLock { $0 }
            #expect(moments == expected)
            let next = try await jobs.service.sql("SELECT due_at FROM {schema}.jobs WHERE ended_at IS NULL").one()
                .timestamp(0)
            #expect(next.text == "2026-03-06T00:00:00Z")
        }
    }

    @Test func aLeaversJobFailsAndStaysFailed() async throws {
        try await Jobs.run { jobs in
            let user = jobs.service.makeUser([("activity", "create", .all), ("activity", "read", .all)])
            let id = try await jobs.make(for: user)
            let runner = try jobs.runner(jobs.counting(3))
            let held = try #require(await runner.look(at: jobs.tenant, countMax: 1).taken.first)
            let next = try #require(await runner.step(held))
            jobs.service.disable(user)
            #expect(await runner.step(next) == nil)
            jobs.advance(.seconds(86_400))
            await jobs.settle(runner)
            let job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "USER_UNKNOWN" && job.attempts == 1)
            #expect(try await jobs.steps(of: id) == [0])
        }
    }

    /// Also of a job that touches no record.
    @Test func aJobForALeaverDoesNothing() async throws {
        try await Jobs.run { jobs in
            let user = jobs.service.makeUser([])
            let id = try await jobs.make("tell", for: user)
            jobs.service.disable(user)
            await jobs.settle(try jobs.runner(jobs.scheduled(.every(minutes: 60), .once)))
            let job = try await jobs.job(id)
            let moments = jobs.moments.withLock { $0 }
            #expect(job.lastError == "USER_UNKNOWN" && moments == [])
        }
    }

    @Test func inAWorkspaceThatIsNotActiveJobsWait() async throws {
        try await Jobs.run { jobs in
            let (ours, theirs) = try await (jobs.make(), jobs.make(for: jobs.service.admin))
            let runner = try jobs.runner(jobs.counting(1))
            let held = await runner.look(at: jobs.tenant, countMax: 2).taken
            jobs.service.close()
            for job in held where job.userID != nil { _ = await runner.step(job) }
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            let waiting = try await jobs.job(theirs)
            #expect(waiting.state == .waiting && waiting.lastError == "USER_UNKNOWN" && waiting.attempts == 0)
            #expect(try await jobs.job(ours).state == .leased)
        }
    }

    /// One tenant's thousand steps let another's one through.
    @Test func manyStepsOfATenantLetAnotherThrough() async throws {
        var limits = JobLimits()
        limits.turnsMax = 1
        try await Jobs.run(limits) { jobs in
            try await Jobs.run { other in
                let policy = other.service.policies.snapshots.withLock { $0[other.tenant] }
                jobs.service.policies.snapshots.withLock { $0[other.tenant] = policy }
                let order = Mutex<[TenantID]>([])
                let runners = Mutex<[JobRunner]>([])
                let runner = try jobs.runner(
                    JobDefinition("count", for: Jobs.purpose, doing: jobs.counting(1).method) { run, transaction in
                        let count = order.withLock { order in
                            order.append(transaction.actor.tenantID)
                            return order.count
                        }
                        if transaction.actor.tenantID == other.tenant || count >= 1000 { return .done(run.progress) }
                        if count == 500 { runners.withLock { $0.first }?.wake(other.tenant) }
                        return .goesOn(checkpoint: [1], JobProgress(done: run.progress.done + 1))
                    })
                runners.withLock { $0 = [runner] }
                try await jobs.make()
                try await other.make()
                await jobs.settle(runner)
                let place = order.withLock { $0.firstIndex(of: other.tenant) }
                #expect((500...504).contains(place ?? 0), "\(String(describing: place))")
            }
        }
    }
}
