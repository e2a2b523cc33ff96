import AccessControl
import Contracts
import RPC
import Records
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// JobService, as users of a workspace call it.
@Suite struct JobMethodsTests {
    private let methods = JobServiceOf(package: "steward.customer.v1")

    private func get(_ id: RecordID, _ jobs: Jobs, as user: UserID? = nil) async throws -> Contracts.Job? {
        let answer: GetJobResponse = try await jobs.service.channel(as: user).call(
            methods.getJob, GetJobRequest(id: id.text), CallOptions())
        return answer.job
    }

    private func list(
        _ jobs: Jobs, _ request: ListJobsRequest = ListJobsRequest(), as user: UserID? = nil
    ) async throws -> ListJobsResponse {
        try await jobs.service.channel(as: user).call(methods.listJobs, request, CallOptions())
    }

    private func cancel(_ id: RecordID, _ jobs: Jobs, as user: UserID? = nil) async throws -> Contracts.Job? {
        let answer: CancelJobResponse = try await jobs.service.channel(as: user).call(
            methods.cancelJob, CancelJobRequest(id: id.text), CallOptions())
        return answer.job
    }

    private func run(_ name: String, _ jobs: Jobs, as user: UserID? = nil) async throws -> Contracts.Job? {
        let answer: RunJobResponse = try await jobs.service.channel(as: user).call(
            methods.runJob, RunJobRequest(name: name), CallOptions())
        return answer.job
    }

    private func reason(_ body: () async throws -> Contracts.Job?) async -> String? {
        await #expect(throws: RPCError.self) { _ = try await body() }?.reason
    }

    @Test func everybodySeesAndCancelsTheJobsThatWorkForHim() async throws {
        try await Jobs.run { jobs in
            let (owner, other) = (jobs.service.makeUser([]), jobs.service.makeUser([("account", "read", .all)]))
            let (reader, half) = (
                jobs.service.makeUser([("job", "read", .all)]), jobs.service.makeUser([("job", "read", .own)])
            )
            let (own, ofWorkspace) = try await (jobs.make(for: owner), jobs.make())
            #expect(try await get(own, jobs, as: owner)?.userID == owner.id.text)
            #expect(try await list(jobs, as: owner).jobs.map(\.id) == [own.text])
            for stranger in [other, owner] {
                #expect(await reason { try await get(ofWorkspace, jobs, as: stranger) } == "JOB_NOT_FOUND")
                #expect(await reason { try await cancel(ofWorkspace, jobs, as: stranger) } == "JOB_NOT_FOUND")
            }
            #expect(await reason { try await get(own, jobs, as: other) } == "JOB_NOT_FOUND")
            #expect(try await list(jobs, as: other).jobs.isEmpty)
            #expect(try await list(jobs, as: half).jobs.isEmpty)
            for all in [reader, nil] {
                #expect(try await list(jobs, as: all).jobs.map(\.id) == [ofWorkspace.text, own.text])
            }
            #expect(await reason { try await cancel(own, jobs, as: reader) } == "PERMISSION_MISSING")
            #expect(try await jobs.job(own).cancelAskedAt == nil)
            #expect(try await cancel(own, jobs, as: owner)?.cancelTime != nil)
            #expect(try await cancel(ofWorkspace, jobs)?.cancelTime != nil)
        }
    }

    @Test func aJobThatHasEndedIsNotCancelled() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make()
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            #expect(await reason { try await cancel(id, jobs) } == "JOB_ENDED")
            let told = try await get(id, jobs)
            #expect(
                told?.state == .done && told?.doneCount == 1 && told?.totalCount == 1 && told?.service == "customer")
            #expect(await reason { try await get(.make(), jobs) } == "JOB_NOT_FOUND")
        }
    }

    /// Until when a runner has it is no news; when it is taken up next is.
    @Test func aWatcherIsToldWhenAJobIsPutOff() async throws {
        try await Jobs.run { jobs in
            let id = try await jobs.make(after: .seconds(3600))
            let stream: ResponseStream<WatchJobResponse> = try await jobs.service.channel().serverStream(
                methods.watchJob, WatchJobRequest(id: id.text), CallOptions(timeout: .seconds(20)))
            let responses = stream.makeAsyncIterator()
            #expect(try await responses.next()?.job?.dueTime == jobs.now.advanced(by: .seconds(3600)))
            let later = jobs.now.advanced(by: .seconds(7200))
            try await jobs.service.sql("UPDATE {schema}.jobs SET due_at = '\(later.text)' WHERE id = '\(id)'")
            #expect(try await responses.next()?.job?.dueTime == later)
        }
    }

    @Test func aListHasPagesAndNewestFirst() async throws {
        try await Jobs.run { jobs in
            var ids: [String] = []
            for _ in 0..<5 { ids.insert(try await jobs.make().text, at: 0) }
            var seen: [String] = []
            var token: String?
            repeat {
                let page = try await list(jobs, ListJobsRequest(pageSize: 2, pageToken: token))
                seen += page.jobs.compactMap(\.id)
                token = page.nextPageToken
            } while token != nil
            #expect(seen == ids)
            await jobs.settle(try jobs.runner(jobs.counting(1)))
            #expect(try await list(jobs, ListJobsRequest(openOnly: true)).jobs.isEmpty)
            #expect(try await list(jobs, ListJobsRequest(name: "count")).jobs.count == 5)
            #expect(try await list(jobs, ListJobsRequest(name: "other")).jobs.isEmpty)
            for (size, token) in [(0, nil), (1_001, nil), (1, "x")] as [(Int32, String?)] {
                let refused = await #expect(throws: RPCError.self) {
                    _ = try await list(jobs, ListJobsRequest(pageSize: size, pageToken: token))
                }
                #expect(refused?.code == .invalidArgument)
            }
        }
    }

    @Test func aScheduleRunsWhenAskedAndAtItsTimeAllTheSame() async throws {
        try await Jobs.run { jobs in
            let house = Housekeeping.job(methods)
            let runner = try jobs.runner(house)
            await jobs.settle(runner)
            let planted = try #require(try await list(jobs).jobs.first)
            #expect(planted.state == .waiting && planted.name == "housekeeping")
            let user = jobs.service.makeUser([("job", "read", .all)])
            #expect(await reason { try await run("housekeeping", jobs, as: user) } == "PERMISSION_MISSING")
            #expect(await reason { try await run("nothing", jobs) } == "JOB_UNKNOWN")
            // The methods have the machine's clock.
            jobs.advance(.microseconds(Timestamp.now().microseconds - jobs.now.microseconds + 60_000_000))
            let asked = try await run("housekeeping", jobs)
            #expect(asked?.id == planted.id)
            await jobs.settle(runner)
            #expect(try await get(try #require(RecordID(planted.id ?? "")), jobs)?.state == .done)
            let next = try #require(try await list(jobs, ListJobsRequest(openOnly: true)).jobs.first)
            let wait = try #require(next.scheduleTime).microseconds - jobs.now.microseconds
            #expect(wait > 0 && wait <= 25 * 3_600_000_000)
        }
    }
}
