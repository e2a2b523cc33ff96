import Contracts
import RPC
import Tenancy
import Testing

@testable import Work

/// What becomes of a job that a runner has.
@Suite struct JobTests {
    private let rules = JobAttempts(3, firstWait: .seconds(10), longestWait: .seconds(30))
    private let now = Timestamp(seconds: 1000)

    private var leased: Work.Job {
        Work.Job(
            id: .make(), name: "job", userID: nil, createdAt: now, state: .leased,
            dueAt: now.advanced(by: .seconds(60)),
            holderID: .make(), leaseNumber: 1)
    }

    @Test func aStepMakesTheLeaseLongerAndForgetsFailures() {
        var job = leased
        let lease = job.lease
        (job.attempts, job.lastError) = (2, "OLD")
        let later = now.advanced(by: .seconds(50))
        job.note(.goesOn(checkpoint: [7], JobProgress(done: 1, total: 9)), at: later, lease: .seconds(60))
        #expect(job.state == .leased && job.lease == lease && job.dueAt == later.advanced(by: .seconds(60)))
        #expect(job.attempts == 0 && job.lastError == nil && job.checkpoint == [7] && job.progress.total == 9)
        job.note(.done(JobProgress(done: 9, total: 9)), at: later, lease: .seconds(60))
        #expect(job.state == .done && job.lease == nil && job.endedAt == later && job.progress.done == 9)
    }

    @Test func aFailureWaitsLongerEachTimeAndThenEndsIt() {
        var job = leased
        var waits: [Timestamp] = []
        for _ in 0..<3 {
            (job.state, job.holderID) = (.leased, .make())
            job.fail(JobFailure(reason: "BUSY", kind: .passing), rules, at: now, jitter: 0)
            waits.append(job.dueAt)
        }
        #expect(waits == [now.advanced(by: .seconds(10)), now.advanced(by: .seconds(20)), now])
        #expect(job.state == .failed && job.attempts == 3 && job.lastError == "BUSY")
    }

    @Test func waitsAreBoundedAndSpread() {
        #expect(rules.wait(after: 1, jitter: 0) == .seconds(10) && rules.wait(after: 1, jitter: 1) == .seconds(5))
        #expect(
            rules.wait(after: 3, jitter: 0) == .seconds(30) && rules.wait(after: 1_000_000, jitter: 0) == .seconds(30))
    }

    @Test func whatIsNotItsFaultUsesUpNoAttempt() {
        let away = JobFailure(RPCError.unavailable("DATABASE_UNAVAILABLE", "away"), isTenantActive: true)
        var job = leased
        job.fail(away, rules, at: now, jitter: 0)
        #expect(job.state == .waiting && job.attempts == 0 && job.lastError == "DATABASE_UNAVAILABLE")
        let leaver = RPCError.permissionDenied("USER_UNKNOWN", "gone")
        #expect(JobFailure(leaver, isTenantActive: false).kind == .elsewhere)
        #expect(JobFailure(leaver, isTenantActive: true).kind == .final)
    }

    @Test func givenBackItIsDueAtOnce() {
        var job = leased
        job.release(at: now)
        #expect(job.state == .waiting && job.dueAt == now && job.lease == nil && job.attempts == 0)
    }

    /// Whatever is told of a job, except that a lease was made longer.
    @Test func watchersAreToldOfWhatChanged() {
        let last = Contracts.Job(state: .waiting, dueTime: now, step: "move_user")
        #expect(last.isTold(differently: nil) && !last.isTold(differently: last))
        var next = last
        next.step = "move_records_customer"
        #expect(next.isTold(differently: last))
        next = last
        next.dueTime = now.advanced(by: .seconds(60))
        #expect(next.isTold(differently: last))
        next.state = .running
        #expect(next.isTold(differently: last))
        var longer = next
        longer.dueTime = now.advanced(by: .seconds(90))
        #expect(!longer.isTold(differently: next))
    }
}
