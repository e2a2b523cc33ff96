import Synchronization
import Tenancy
import Testing

@testable import Work

/// The loop of a runner, by the real clock.
@Suite struct TurnLoopTests {
    private static let clock = JobClock(now: { .now() }, sleep: { try? await Task.sleep(for: $0) })

    private static func job(of tenant: TenantID, _ limits: JobLimits) -> HeldJob {
        HeldJob(
            tenantID: tenant, name: "job", userID: nil,
            lease: JobLease(jobID: .make(), holderID: .make(), number: 1),
            until: .now().advanced(by: limits.lease), limits)
    }

    private struct Step: Sendable {
        let begin, end: Timestamp
        var took: Int64 { end.microseconds - begin.microseconds }
    }

    @Test func aJobRestsAsLongAsItsStepTook() async throws {
        let (limits, tenant) = (JobLimits(), TenantID(.make()))
        let loop = TurnLoop(limits, Self.clock)
        let steps = Mutex<[Step]>([])
        loop.wake(tenant)
        let left = await loop.work(waits: true) { turn in
            switch turn {
            case .look: return .looked(tenant, taken: [Self.job(of: tenant, limits)], next: nil)
            case .step(let job):
                let begin = Timestamp.now()
                try? await Task.sleep(for: .milliseconds(20))
                let count = steps.withLock {
                    $0.append(Step(begin: begin, end: .now()))
                    return $0.count
                }
                if count == 5 { loop.drain() }
                return .stepped(job, next: job)
            }
        }
        let told = steps.withLock(\.self)
        #expect(told.count == 5 && left.count == 1)
        // No longer than the most, which only a machine with much else to do takes.
        let most = Int64(JobLimits().restMax / .microseconds(1))
        for (one, next) in zip(told, told.dropFirst()) {
            #expect(next.begin.microseconds - one.end.microseconds >= min(one.took, most))
        }
    }

    /// Who wakes a tenant that rests, or one of which all is in hand, wakes nobody else.
    @Test func whoIsWokenInVainSleepsOn() async throws {
        let sleeps = Mutex(0)
        let tenant = TenantID(.make())
        let loop = TurnLoop(
            JobLimits(),
            JobClock(
                now: { .now() },
                sleep: { duration in
                    sleeps.withLock { $0 += 1 }
                    try? await Task.sleep(for: duration)
                }))
        let looked = Mutex(0)
        loop.wake(tenant)
        let working = Task {
            await loop.work(waits: true) { _ in
                looked.withLock { $0 += 1 }
                return .looked(tenant, next: nil, notBefore: Timestamp.now().advanced(by: .seconds(60)))
            }
        }
        while looked.withLock(\.self) == 0 || sleeps.withLock(\.self) == 0 { await Task.yield() }
        for _ in 0..<1_000 {
            loop.wake(tenant)
            await Task.yield()
        }
        loop.drain()
        _ = await working.value
        #expect(looked.withLock(\.self) == 1 && sleeps.withLock(\.self) < 10)
    }
}
