import AccessControl
import Contracts
import Postgres
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// Cancelled, tried again, run: once for each request, and the ledger tells by whom.
@Suite struct JobChangeTests {
    private let methods = JobServiceOf(package: "steward.customer.v1")

    private func channel(_ jobs: Jobs, _ requestID: String, as user: UserID? = nil) -> LocalChannel {
        jobs.service.channel(as: user, requestID: requestID)
    }

    /// Rows of the ledger about jobs that users changed: who, by what, from what to what.
    private func told(_ jobs: Jobs) async throws -> [String] {
        try await jobs.service.sql(
            """
            SELECT concat_ws(' ', actor_id, request_id, substring(method from '[A-Za-z]+$'), record_id,
                before ->> 'state', after ->> 'name', after ->> 'state', (after ->> 'cancel_time') IS NOT NULL)
            FROM {schema}.ledger WHERE object = 'job' AND actor_id IS NOT NULL ORDER BY position
            """
        ).map { try $0.string(0) }
    }

    /// The first answer was lost, and the run that was asked for is over: no other runs.
    @Test func aScheduleRunsOnceForARequest() async throws {
        try await Jobs.run { jobs in
            let runner = try jobs.runner(Housekeeping.job(methods))
            await jobs.settle(runner)
            // The methods have the machine's clock.
            jobs.advance(.microseconds(Timestamp.now().microseconds - jobs.now.microseconds + 60_000_000))
            let asked: RunJobResponse = try await channel(jobs, "r").call(
                methods.runJob, RunJobRequest(name: "housekeeping"), CallOptions())
            await jobs.settle(runner)
            let ended = "SELECT count(*) FROM {schema}.jobs WHERE name = 'housekeeping' AND ended_at IS NOT NULL"
            #expect(try await jobs.service.number(ended) == 1)
            let again: RunJobResponse = try await channel(jobs, "r").call(
                methods.runJob, RunJobRequest(name: "housekeeping"), CallOptions())
            #expect(again == asked)
            await jobs.settle(runner)
            #expect(try await jobs.service.number(ended) == 1)
            let id = try #require(asked.job?.id)
            #expect(
                try await told(jobs) == ["\(jobs.service.admin) r RunJob \(id) housekeeping f"])
        }
    }

    /// Also a schedule that has no run yet.
    @Test func aRunThatIsMadeIsTold() async throws {
        try await Jobs.run { jobs in
            let asked: RunJobResponse = try await channel(jobs, "r").call(
                methods.runJob, RunJobRequest(name: "housekeeping"), CallOptions())
            let id = try #require(asked.job?.id)
            #expect(try await told(jobs) == ["\(jobs.service.admin) r RunJob \(id) housekeeping waiting f"])
        }
    }

    @Test func whoCancelsAnothersJobIsKnown() async throws {
        try await Jobs.run { jobs in
            let owner = jobs.service.makeUser([])
            let admin = jobs.service.makeUser([("job", "read", .all), ("job", "update", .all)])
            let id = try await jobs.make(for: owner)
            let request = CancelJobRequest(id: id.text)
            let first: CancelJobResponse = try await channel(jobs, "c", as: admin).call(
                methods.cancelJob, request, CallOptions())
            let row = "\(admin) c CancelJob \(id) count t"
            #expect(try await told(jobs) == [row])
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            jobs.advance(.microseconds(Timestamp.now().microseconds - jobs.now.microseconds + 60_000_000))
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            #expect(try await jobs.job(id).state == .cancelled)
            // Under the same request the same answer; a further one finds it cancelled, and changes nothing.
            let second: CancelJobResponse = try await channel(jobs, "c", as: admin).call(
                methods.cancelJob, request, CallOptions())
            #expect(second == first)
            let third: CancelJobResponse = try await channel(jobs, "d", as: admin).call(
                methods.cancelJob, request, CallOptions())
            #expect(third.job?.state == .cancelled)
            #expect(try await told(jobs) == [row])
        }
    }

    @Test func whoTriesAJobAgainIsKnownAndAnsweredAgain() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            let refusal = RPCError.permissionDenied("PERMISSION_MISSING", "no")
            let failing = jobs.counting(1, before: { _ in throw refusal })
            await jobs.settle(try jobs.runner(failing))
            #expect(try await jobs.job(id).state == .failed)
            let request = RetryJobRequest(id: id.text)
            let first: RetryJobResponse = try await channel(jobs, "t").call(methods.retryJob, request, CallOptions())
            #expect(first.job?.state == .waiting)
            let second: RetryJobResponse = try await channel(jobs, "t").call(methods.retryJob, request, CallOptions())
            #expect(second == first)
            let again = await #expect(throws: RPCError.self) {
                let _: RetryJobResponse = try await channel(jobs, "u").call(methods.retryJob, request, CallOptions())
            }
            #expect(again?.reason == "JOB_NOT_RETRYABLE")
            #expect(
                try await told(jobs) == ["\(jobs.service.admin) t RetryJob \(id) failed count waiting f"])
        }
    }

    /// Jobs that are tried again together forget that their end was asked for, as one does.
    @Test func jobsOfAKeyThatAreTriedAgainGoOn() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make(key: "a 1")
            try await jobs.service.sql(
                """
                UPDATE {schema}.jobs SET state = 'failed', ended_at = created_at, cancel_asked_at = created_at
                WHERE id = '\(id)'
                """)
            let keys = JobKeys(["count"], prefix: "a ")
            let moment = jobs.now.advanced(by: .seconds(1))
            try await jobs.transaction { try await keys.retry(failedBefore: moment, $0) }
            let job = try await jobs.job(id)
            #expect(job.state == .waiting && job.cancelAskedAt == nil)
        }
    }
}
