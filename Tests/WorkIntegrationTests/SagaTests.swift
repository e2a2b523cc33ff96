import Contracts
import CustomerContracts
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// Sagas in a real database; what their steps call is in this process.
@Suite struct SagaTests {
    /// What was called, in order.
    private final class Calls: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func note(_ call: String) -> Int {
            state.withLock { state in
                state.append(call)
                return state.count { $0 == call }
            }
        }
    }

    private func saga(
        _ steps: [SagaStep], whenFailed failure: SagaDefinition.Failure = .goesBack, timeout: Duration = .seconds(3600)
    ) -> JobDefinition {
        SagaDefinition(
            "travel", for: Jobs.purpose, doing: ActivityServiceMethods.createActivity, steps: steps,
            attempts: JobAttempts(2), timeout: timeout, whenFailed: failure
        ).job
    }

    private func step(_ name: String, _ calls: Calls, pauses: Int = 0, failing error: RPCError? = nil) -> SagaStep {
        SagaStep(name) { run in
            let count = calls.note(name)
            if let error { throw error }
            let report = JobReport(changedCount: Int64(min(count, pauses + 1)))
            return count > pauses ? .over(report) : .lookAgain(in: .seconds(30), report)
        } undo: { _ in
            _ = calls.note("no \(name)")
            return .over(JobReport())
        }
    }

    private func make(_ jobs: Jobs, for user: UserID? = nil) async throws -> RecordID {
        try await jobs.make("travel", for: user, checkpoint: SagaDefinition.checkpoint([5]))
    }

    @Test func itsStepsAreLookedAtUntilTheyAreOver() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let runner = try jobs.runner(saga([step("book", calls, pauses: 2), step("pay", calls)]))
            let id = try await make(jobs)
            await jobs.settle(runner)
            var job = try await jobs.job(id)
            #expect(job.state == .waiting && job.dueAt == jobs.now.advanced(by: .seconds(30)) && job.attempts == 0)
            for _ in 0..<2 {
                jobs.advance(.seconds(30))
                await jobs.settle(runner)
            }
            job = try await jobs.job(id)
            #expect(job.state == .done && job.progress.done == 4 && calls.all == ["book", "book", "book", "pay"])
        }
    }

    /// What trying again may cure is tried again, then what was done is undone.
    @Test func whatCannotBeDoneGoesBack() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let error = RPCError(.aborted, reason: "NO_MONEY", "there is none")
            let runner = try jobs.runner(saga([step("book", calls), step("pay", calls, failing: error)]))
            let id = try await make(jobs)
            await jobs.settle(runner)
            #expect(try await jobs.job(id).attempts == 1)
            jobs.advance(.seconds(60))
            await jobs.settle(runner)
            let job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "NO_MONEY")
            #expect(calls.all == ["book", "pay", "pay", "no pay", "no book"])
        }
    }

    @Test func itStaysWhereItFailedAndIsTriedAgain() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let refusal = RPCError.permissionDenied("PERMISSION_MISSING", "no")
            let steps = { [step("book", calls), step("pay", calls, failing: $0)] as [SagaStep] }
            let id = try await make(jobs)
            await jobs.settle(try jobs.runner(saga(steps(refusal), whenFailed: .stays)))
            var job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "PERMISSION_MISSING" && calls.all == ["book", "pay"])
            #expect(try await jobs.retry(id))
            await jobs.settle(try jobs.runner(saga(steps(nil), whenFailed: .stays)))
            job = try await jobs.job(id)
            #expect(job.state == .done && job.lastError == nil && calls.all == ["book", "pay", "pay"])
            #expect(try await !jobs.retry(id))
        }
    }

    /// However long the report is that its checkpoint has.
    @Test(arguments: [0, 10, 100]) func aStuckSagaNamesItsStep(refusals: Int) async throws {
        try await Jobs.run { jobs in
            let issues = (0..<refusals).map { _ in
                RecordIssue(
                    object: "account", recordID: RecordID.make().text, reason: "OUT_OF_SCOPE",
                    message: "You may not give this account away.")
            }
            let report = JobReport(refusedCount: Int64(refusals), issues: issues)
            let steps = [SagaStep("book") { _ in .over(report) }, SagaStep("pay") { _ in .failed("STUCK", report) }]
            let id = try await make(jobs)
            #expect(try await jobs.job(id).step == nil)
            await jobs.settle(try jobs.runner(saga(steps, whenFailed: .stays)))
            let job = try await jobs.job(id)
            #expect(job.lastError == "STUCK" && job.step == "pay")
            let answer: GetJobResponse = try await jobs.service.channel().call(
                JobServiceOf(package: "steward.customer.v1").getJob, GetJobRequest(id: id.text), CallOptions())
            #expect(answer.job?.step == "pay")
        }
    }

    /// A saga that is under way is at the same step in a release that has one more before it.
    @Test func aNewStepBeforeThePresentOneShiftsNothing() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let id = try await make(jobs)
            let steps = [step("book", calls), step("pay", calls, pauses: 1)]
            await jobs.settle(try jobs.runner(saga(steps, whenFailed: .stays)))
            jobs.advance(.seconds(30))
            await jobs.settle(try jobs.runner(saga([step("ask", calls)] + steps, whenFailed: .stays)))
            let job = try await jobs.job(id)
            #expect(job.state == .done && job.progress.done == 3 && calls.all == ["book", "pay", "pay"])
        }
    }

    /// It fails and says so, also when somebody cancels it, and goes on in a release that knows the step.
    @Test(arguments: [false, true]) func aSagaAtAStepThatIsNoMoreFails(isCancelled: Bool) async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let id = try await make(jobs)
            let (book, pay) = (step("book", calls), step("pay", calls, pauses: 1))
            await jobs.settle(try jobs.runner(saga([book, pay])))
            if isCancelled { #expect(try await jobs.cancel(id)) }
            jobs.advance(.seconds(30))
            await jobs.settle(try jobs.runner(saga([book])))
            let job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "SAGA_STEP_UNKNOWN" && job.step == "pay")
            #expect(job.progress.done == 2 && calls.all == ["book", "pay"])
            #expect(try await jobs.retry(id))
            await jobs.settle(try jobs.runner(saga([book, pay])))
            #expect(try await jobs.job(id).state == .done)
        }
    }

    @Test func cancelledItGoesBack() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let runner = try jobs.runner(
                saga([step("book", calls), step("pay", calls, pauses: 9)], whenFailed: .stays))
            let id = try await make(jobs)
            await jobs.settle(runner)
            #expect(try await jobs.cancel(id))
            await jobs.settle(runner)
            #expect(try await jobs.job(id).state == .cancelled)
            #expect(calls.all == ["book", "pay", "no pay", "no book"])
        }
    }

    /// What a step writes in its own service bears the saga's id, and who has lost the lease writes nothing.
    @Test(arguments: [false, true]) func aStepWritesAsLongAsTheLeaseIsHeld(isLost: Bool) async throws {
        try await Jobs.run { jobs in
            let step = SagaStep("write") { run in
                if isLost { try await jobs.service.sql("UPDATE {schema}.jobs SET lease_number = lease_number + 1") }
                return try await run.transaction { transaction in
                    let activity = Activity(ownerID: jobs.service.admin.id.text, kind: .call, subject: "from a saga")
                    _ = try await transaction.insert(SampleService.activity, activity, by: .caller)
                    return .over(JobReport(changedCount: 1))
                }
            }
            let id = try await make(jobs)
            await jobs.settle(try jobs.runner(saga([step])))
            let job = try await jobs.job(id)
            #expect(job.state == (isLost ? .leased : .done) && job.lastError == nil)
            let written = "SELECT count(*) FROM {schema}.ledger WHERE request_id = '\(id)' AND object = 'activity'"
            #expect(try await jobs.service.number(written) == (isLost ? 0 : 1))
            #expect(try await jobs.service.number("SELECT count(*) FROM {schema}.activities") == (isLost ? 0 : 1))
        }
    }

    @Test func afterItsTimeItFails() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let runner = try jobs.runner(
                saga([step("book", calls, pauses: 99)], whenFailed: .stays, timeout: .seconds(40)))
            let id = try await make(jobs)
            await jobs.settle(runner)
            jobs.advance(.seconds(40))
            await jobs.settle(runner)
            let job = try await jobs.job(id)
            #expect(job.state == .failed && job.lastError == "SAGA_OVERDUE")
            // What it has under way ends first.
            #expect(calls.all == ["book", "no book"])
            // Tried again it has its time anew.
            #expect(try await jobs.retry(id))
            await jobs.settle(runner)
            #expect(try await jobs.job(id).state == .waiting)
        }
    }

    /// Who lost the lease in the middle of a call stores nothing of it; whoever has it runs the step again.
    @Test func aStepThatWasCutOffRunsAgain() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let id = try await make(jobs)
            let other = try jobs.runner(saga([step("book", calls)]))
            let slow = SagaStep("book") { _ in
                _ = calls.note("slow")
                jobs.advance(.seconds(61))
                await jobs.settle(other)
                return .lookAgain(in: .seconds(30), JobReport(changedCount: 100))
            }
            await jobs.settle(try jobs.runner(saga([slow])))
            let job = try await jobs.job(id)
            #expect(job.state == .done && job.progress.done == 1 && calls.all == ["slow", "book"])
        }
    }

    @Test func aLeaversSagaCallsNobody() async throws {
        try await Jobs.run { jobs in
            let calls = Calls()
            let user = jobs.service.makeUser([])
            let id = try await make(jobs, for: user)
            jobs.service.disable(user)
            await jobs.settle(try jobs.runner(saga([step("book", calls)], whenFailed: .stays)))
            #expect(try await jobs.job(id).lastError == "USER_UNKNOWN")
            #expect(calls.all == [])
        }
    }
}
