import Contracts
import RPC
import Records
import Tenancy
import TestService
import Testing

@testable import Work

/// What is over goes in the night, each part of it, however much there is; what is not stays.
@Suite struct HousekeepingTests {
    private let methods = JobServiceOf(package: "steward.customer.v1")

    /// So many answers, ended jobs and events, from so many days before now.
    private func leave(_ answers: Int, _ ended: Int, _ events: Int, days: Int, _ jobs: Jobs) async throws {
        let moment = jobs.now.advanced(by: .seconds(-86_400 * days)).text
        try await jobs.service.sql(
            """
            INSERT INTO {schema}.requests (actor_id, request_id, method, fingerprint, answer, created_at)
            SELECT gen_random_uuid(), 'r', 'm', '', '', '\(moment)' FROM generate_series(1, \(answers))
            """)
        try await jobs.service.sql(
            """
            INSERT INTO {schema}.jobs (id, name, state, due_at, attempts, lease_number, progress_done, created_at, ended_at)
            SELECT gen_random_uuid(), 'x', 'done', '\(moment)', 0, 0, 0, '\(moment)', '\(moment)'
            FROM generate_series(1, \(ended))
            """)
        try await jobs.service.sql(
            """
            INSERT INTO {schema}.ledger (id, occurred_at, method, object, record_id, record_version, after)
            SELECT gen_random_uuid(), '\(moment)', 'm', 'account', gen_random_uuid(), 1, '{}'
            FROM generate_series(1, \(events))
            """)
    }

    /// Runs the job of a night to its end. Gives how much it forgot.
    private func night(_ jobs: Jobs) async throws -> Int64? {
        let runner = try jobs.runner(Housekeeping.job(methods))
        await jobs.settle(runner)
        try await jobs.service.sql(
            "UPDATE {schema}.jobs SET due_at = '\(jobs.now.text)' WHERE name = 'housekeeping' AND state = 'waiting'")
        await jobs.settle(runner)
        let answer: ListJobsResponse = try await jobs.service.channel().call(
            methods.listJobs, ListJobsRequest(name: "housekeeping"), CallOptions())
        return answer.jobs.first { $0.state == .done }?.doneCount
    }

    @Test func eachPartForgetsWhatIsOverAndNothingElse() async throws {
        try await Jobs.run { jobs in
            // More than a step takes of each.
            try await leave(1_200, 1_300, 10_500, days: 31, jobs)
            try await leave(0, 2, 3, days: 29, jobs)
            try await leave(4, 0, 0, days: 0, jobs)
            let id = try await jobs.make()
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            #expect(try await night(jobs) == 2_500)
            let service = jobs.service
            #expect(try await service.number("SELECT count(*) FROM {schema}.requests") == 4)
            #expect(try await service.number("SELECT count(*) FROM {schema}.jobs WHERE name = 'x'") == 2)
            #expect(try await jobs.job(id).state == .done)
            // Events that are told no more stay as history.
            let told = "SELECT count(*) FROM {schema}.ledger WHERE position > (SELECT feed_floor FROM {schema}.meta)"
            #expect(try await service.number(told + " AND occurred_at < '\(jobs.now.text)'") == 3)
            #expect(try await service.number("SELECT count(*) FROM {schema}.ledger WHERE method = 'm'") == 10_503)
        }
    }
}
