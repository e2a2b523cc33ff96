import CoreMetrics
import CustomerContracts
import Observability
import RPC
import Reactor
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// What is done in each workspace whenever something was written there.
@Suite struct StandingTests {
    private final class Steps: Sendable {
        let done = Mutex<[TenantID]>([])
        let isBroken = Mutex(false)
        let failures = Mutex(0)
        let more = Mutex(0)
        let left = Mutex<[TenantID]>([])
        let metrics = PrometheusRegistry()

        var count: Int { done.withLock { $0.count } }

        var work: StandingWork {
            StandingWork("count") { tenant in
                if self.isBroken.withLock({ $0 }) { throw RPCError.unavailable("AWAY", "away") }
                self.done.withLock { $0.append(tenant) }
                return self.more.withLock { more in
                    more = max(0, more - 1)
                    return more > 0
                }
            } failed: { _ in
                self.failures.withLock { $0 += 1 }
            } left: { tenant in
                self.left.withLock { $0.append(tenant) }
            }
        }

        /// Steps with this outcome, as the metrics say.
        func counted(_ outcome: String) -> Int {
            let series = "steward_standing_steps_total{outcome=\"\(outcome)\",work=\"count\"} "
            let line = metrics.exposition().split(separator: "\n").first { $0.hasPrefix(series) }
            return line.flatMap { Int($0.dropFirst(series.count)) } ?? 0
        }
    }

    private func runner(_ jobs: Jobs, _ steps: Steps) -> StandingRunner {
        StandingRunner(
            steps.work, jobs.service.engine, clock: JobClock(now: { jobs.now }, sleep: { _ in }), jitter: { 0 },
            meter: StandingMeter(steps.metrics), logger: jobs.service.postgres.logger)
    }

    @Test func whoIsWokenWorksUntilNothingIsLeft() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let runner = runner(jobs, steps)
            await runner.settle()
            #expect(steps.count == 0)
            steps.more.withLock { $0 = 5 }
            runner.wake(jobs.tenant)
            await runner.settle()
            #expect(steps.count == 5)
            // Nothing, however long it is, before it is woken again.
            jobs.advance(.seconds(86_400))
            await runner.settle()
            #expect(steps.count == 5)
            runner.wake(jobs.tenant)
            await runner.settle()
            #expect(steps.count == 6)
        }
    }

    /// A burst of writes costs a step and, when the rest is over, another for all that came meanwhile.
    @Test func whatIsWrittenWithinAMomentIsDoneTogether() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let runner = runner(jobs, steps)
            for _ in 0..<50 {
                runner.wake(jobs.tenant)
                await runner.settle()
            }
            #expect(steps.count == 1)
            jobs.advance(.milliseconds(101))
            await runner.settle()
            #expect(steps.count == 2)
            jobs.advance(.seconds(1))
            await runner.settle()
            #expect(steps.count == 2)
        }
    }

    /// What a workspace makes costly takes half of the time, whoever wakes it.
    @Test func aLongStepIsFollowedByARestOfItsLength() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let slow = StandingWork("slow") { tenant in
                jobs.advance(.seconds(3))
                return try await steps.work.step(tenant)
            }
            let runner = StandingRunner(
                slow, jobs.service.engine, clock: JobClock(now: { jobs.now }, sleep: { _ in }), jitter: { 0 },
                meter: StandingMeter(steps.metrics), logger: jobs.service.postgres.logger)
            steps.more.withLock { $0 = 2 }
            var counts: [Int] = []
            for _ in 0..<7 {
                runner.wake(jobs.tenant)
                await runner.settle()
                counts.append(steps.count)
                jobs.advance(.seconds(1))
            }
            #expect(counts == [1, 1, 1, 2, 2, 2, 3])
        }
    }

    /// What another program is at may be left lying by it: it is looked at again, though nobody wakes it, and at once when somebody does.
    @Test func whatIsHeldIsLookedAtAgain() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let isHeld = Mutex(true)
            let held = StandingWork("held") { tenant in
                _ = try await steps.work.step(tenant)
                return isHeld.withLock { $0 } ? StandingWork.Outcome.held(.seconds(5)) : .ended
            }
            let runner = StandingRunner(
                held, jobs.service.engine, clock: JobClock(now: { jobs.now }, sleep: { _ in }), jitter: { 0 },
                meter: StandingMeter(steps.metrics), logger: jobs.service.postgres.logger)
            runner.wake(jobs.tenant)
            var counts: [Int] = []
            for second in 0..<14 {
                if second == 7 { runner.wake(jobs.tenant) }
                if second == 12 { isHeld.withLock { $0 = false } }
                await runner.settle()
                counts.append(steps.count)
                jobs.advance(.seconds(1))
            }
            #expect(counts == [1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3, 4, 4])
        }
    }

    @Test func stepsAndFailuresAreCounted() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let runner = runner(jobs, steps)
            steps.more.withLock { $0 = 3 }
            runner.wake(jobs.tenant)
            await runner.settle()
            #expect(steps.counted("goes_on") == 2 && steps.counted("ended") == 1 && steps.counted("failed") == 0)
            steps.isBroken.withLock { $0 = true }
            jobs.advance(.seconds(1))
            runner.wake(jobs.tenant)
            await runner.settle()
            jobs.advance(.seconds(2))
            await runner.settle()
            #expect(steps.counted("goes_on") == 2 && steps.counted("ended") == 1 && steps.counted("failed") == 2)
        }
    }

    /// Whoever writes meanwhile does not make the one who is away be asked more often.
    @Test func whatFailsWaitsLongerEachTimeWhoeverWakesIt() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let runner = runner(jobs, steps)
            steps.isBroken.withLock { $0 = true }
            var failures: [Int] = []
            for _ in 0..<100 {
                runner.wake(jobs.tenant)
                await runner.settle()
                failures.append(steps.failures.withLock { $0 })
                jobs.advance(.seconds(1))
            }
            // After 0, 1, 3, 7, 15, 31, 63 seconds.
            #expect(failures[0] == 1 && failures[1] == 2 && failures[2] == 2 && failures[3] == 3)
            #expect(failures.last == 7)
            steps.isBroken.withLock { $0 = false }
            jobs.advance(.seconds(60))
            await runner.settle()
            #expect(steps.count == 1)
            jobs.advance(.seconds(1))
            runner.wake(jobs.tenant)
            await runner.settle()
            #expect(steps.count == 2)
        }
    }

    @Test func aWorkspaceThatIsClosedOrGoneIsLeftAlone() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let runner = runner(jobs, steps)
            let unknown = TenantID(.make())
            runner.wake(unknown)
            jobs.service.close()
            runner.wake(jobs.tenant)
            await runner.settle()
            #expect(steps.count == 0)
            #expect(Set(steps.left.withLock { $0 }) == [unknown, jobs.tenant])
        }
    }

    /// By the real clock: a failure is tried again by itself, and a drain ends it.
    @Test func aFailureIsTriedAgainByItself() async throws {
        try await Jobs.run { jobs in
            let steps = Steps()
            let loop = try #require(EventLoop.current)
            let runner = StandingRunner(
                steps.work, jobs.service.engine, clock: .system(loop),
                waits: JobAttempts(2, firstWait: .milliseconds(20), longestWait: .milliseconds(40)),
                meter: StandingMeter(NOOPMetricsHandler.instance), logger: jobs.service.postgres.logger)
            let running = loop.spawn { await runner.run() }
            steps.isBroken.withLock { $0 = true }
            runner.wake(jobs.tenant)
            let end = MonotonicTime.now() + 10_000_000_000
            while steps.failures.withLock({ $0 }) < 3, MonotonicTime.now() < end {
                try await loop.sleep(for: .milliseconds(5))
            }
            steps.isBroken.withLock { $0 = false }
            while steps.count < 1, MonotonicTime.now() < end { try await loop.sleep(for: .milliseconds(5)) }
            #expect(steps.count >= 1)
            runner.drain()
            await running.value
        }
    }
}
