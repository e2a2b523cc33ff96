import Contracts
import CustomerContracts
import Postgres
import RPC
import Records
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import Work

/// TenantJobService, as operators call it.
@Suite struct TenantJobTests {
    private static let methods = TenantJobServiceOf(package: "steward.customer.v1")

    /// What the steps of the saga did, and whether they can.
    private final class Journey: Sendable {
        let calls = Mutex<[String]>([])
        let error = Mutex<RPCError?>(.permissionDenied("NO_MONEY", "there is none"))

        var saga: JobDefinition {
            SagaDefinition(
                "travel", for: Jobs.purpose, doing: ActivityServiceMethods.createActivity,
                steps: [
                    SagaStep("book") { _ in
                        self.note("book")
                    } undo: { _ in
                        self.note("no book")
                    },
                    SagaStep("pay") { _ in
                        if let error = self.error.withLock({ $0 }) { throw error }
                        return self.note("pay")
                    },
                ], timeout: .seconds(3600), whenFailed: .stays
            ).job
        }

        private func note(_ call: String) -> SagaOutcome {
            calls.withLock { $0.append(call) }
            return .over(JobReport(changedCount: 1))
        }
    }

    private struct Operator {
        let jobs: Jobs
        let journey: Journey
        let runner: JobRunner
        private let routes: RouteTable

        init(_ jobs: Jobs, _ journey: Journey = Journey(), beside: JobDefinition...) throws {
            (self.jobs, self.journey) = (jobs, journey)
            let definitions = [journey.saga] + beside
            runner = try beside.isEmpty ? jobs.runner(journey.saga) : jobs.runner(journey.saga, beside[0])
            var router = Router()
            TenantJobMethods(jobs.service.engine, definitions, TenantJobTests.methods, now: { jobs.now })
                .register(on: &router)
            routes = RouteTable(router)
        }

        static let id = UserID(.make())

        func channel(_ kind: Caller.Kind = .operator) -> LocalChannel {
            let caller = Caller(
                kind: kind, tenantID: kind == .operator ? nil : jobs.tenant,
                userID: kind == .operator ? Self.id : jobs.service.admin, sessionID: .make(), policyEpoch: 0,
                expireTime: .now().advanced(by: .seconds(60)), workspace: "")
            return LocalChannel(routes: routes, caller: caller, logger: jobs.service.postgres.logger)
        }

        func list(_ change: (inout ListTenantJobsRequest) -> Void = { _ in }) async throws -> ListTenantJobsResponse {
            var request = ListTenantJobsRequest(tenantIDs: [jobs.tenant.description])
            change(&request)
            return try await channel().call(TenantJobTests.methods.listTenantJobs, request, CallOptions())
        }

        func retry(_ id: RecordID) async throws -> TenantJob? {
            let answer: RetryTenantJobResponse = try await channel().call(
                TenantJobTests.methods.retryTenantJob,
                RetryTenantJobRequest(tenantID: jobs.tenant.description, id: id.text), CallOptions())
            return answer.job
        }

        func abandon(_ id: RecordID, leavingAsIs: Bool? = nil) async throws -> TenantJob? {
            let answer: AbandonTenantJobResponse = try await channel().call(
                TenantJobTests.methods.abandonTenantJob,
                AbandonTenantJobRequest(tenantID: jobs.tenant.description, id: id.text, leaveAsIs: leavingAsIs),
                CallOptions())
            return answer.job
        }

        /// A saga that failed at its second step.
        func stuck() async throws -> RecordID {
            let id = try await jobs.make("travel", checkpoint: SagaDefinition.checkpoint([5]))
            await jobs.settle(runner)
            return id
        }
    }

    private func reason<Value: Sendable>(_ body: () async throws -> Value) async -> String? {
        await #expect(throws: RPCError.self) { _ = try await body() }?.reason
    }

    @Test func aStuckSagaIsListedAndGoesOn() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            #expect(try await staff.list().jobs.isEmpty)
            let id = try await staff.stuck()
            let told = try #require(try await staff.list().jobs.first)
            #expect(told.id == id.text && told.tenantID == jobs.tenant.description && told.service == "customer")
            #expect(told.name == "travel" && told.step == "pay" && told.lastError == "NO_MONEY")
            #expect(told.state == .failed && told.trouble == .failed && told.saga == true)

            staff.journey.error.withLock { $0 = nil }
            #expect(try await staff.retry(id)?.state == .waiting)
            // The answer was lost and it is asked again.
            #expect(try await staff.retry(id)?.state == .waiting)
            await jobs.settle(staff.runner)
            #expect(try await jobs.job(id).state == .done)
            #expect(staff.journey.calls.withLock { $0 } == ["book", "pay"])
            #expect(try await staff.list().jobs.isEmpty)
            #expect(await reason { try await staff.retry(id) } == "JOB_NOT_RETRYABLE")
            #expect(await reason { try await staff.abandon(id) } == "JOB_ENDED")
            let rows = try await jobs.service.sql(
                "SELECT purpose, after ->> 'operator_id' FROM {schema}.ledger WHERE object = 'job' ORDER BY id")
            #expect(try rows.map { try $0.string(0) } == ["operate_jobs"])
            #expect(try rows.map { try $0.string(1) } == [Operator.id.description])
        }
    }

    @Test func anAbandonedSagaUndoesWhatItDid() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            let id = try await staff.stuck()
            #expect(try await staff.abandon(id)?.cancelTime != nil)
            #expect(try await staff.abandon(id)?.state == .waiting)
            #expect(await reason { try await staff.retry(id) } == "JOB_NOT_RETRYABLE")
            await jobs.settle(staff.runner)
            #expect(try await jobs.job(id).state == .cancelled)
            #expect(staff.journey.calls.withLock { $0 } == ["book", "no book"])
            #expect(try await staff.abandon(id)?.state == .cancelled)
        }
    }

    @Test func anAbandonedSagaIsLeftAsItIsIfThatIsWanted() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            let id = try await staff.stuck()
            #expect(try await staff.abandon(id, leavingAsIs: true)?.state == .cancelled)
            await jobs.settle(staff.runner)
            let job = try await jobs.job(id)
            #expect(job.state == .cancelled && job.lastError == "NO_MONEY" && job.endedAt != nil)
            #expect(staff.journey.calls.withLock { $0 } == ["book"])
        }
    }

    @Test func whatWaitsForItsWorkspaceSaysSo() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            let (due, later) = try await (
                jobs.make("travel", checkpoint: SagaDefinition.checkpoint([5])),
                jobs.make("travel", after: .seconds(3600), checkpoint: SagaDefinition.checkpoint([5]))
            )
            jobs.service.close()
            await jobs.settle(staff.runner)
            #expect(try await jobs.job(due).state == .waiting)
            let told = try await staff.list().jobs
            #expect(told.map(\.id) == [due.text] && told.first?.trouble == .workspaceNotActive)
            #expect(try await staff.list { $0.withHealthy = true }.jobs.map(\.id) == [later.text, due.text])
        }
    }

    @Test func whatNobodyTakesIsListedAfterTenMinutes() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            let id = try await jobs.make("travel", checkpoint: SagaDefinition.checkpoint([5]))
            jobs.advance(.seconds(590))
            #expect(try await staff.list().jobs.isEmpty)
            jobs.advance(.seconds(20))
            let told = try await staff.list().jobs
            #expect(told.map(\.id) == [id.text] && told.first?.trouble == .notTaken)
        }
    }

    /// No attempt is used up by what is wrong elsewhere, so it may go on like that for long.
    @Test func whatWaitsForAnotherServiceIsListed() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            staff.journey.error.withLock { $0 = RPCError(.unavailable, reason: "UNAVAILABLE", "sales is away") }
            let id = try await staff.stuck()
            let told = try #require(try await staff.list().jobs.first)
            #expect(told.id == id.text && told.trouble == .failing && told.lastError == "UNAVAILABLE")
            #expect(told.state == .waiting && told.attempts == 0)
        }
    }

    @Test func jobsOfOneServiceAreListedWhereTheyAreAskedFor() async throws {
        try await Jobs.run { jobs in
            let refusal = RPCError.permissionDenied("PERMISSION_MISSING", "no")
            let staff = try Operator(jobs, beside: jobs.counting(1, before: { _ in throw refusal }))
            let id = try await jobs.make()
            await jobs.settle(staff.runner)
            #expect(try await staff.list().jobs.isEmpty)
            let told = try await staff.list { $0.withSingleService = true }.jobs
            #expect(told.map(\.id) == [id.text] && told.first?.saga == false && told.first?.trouble == .failed)
            #expect(try await staff.abandon(id)?.state == .cancelled)
        }
    }

    @Test func whatCannotBeListedIsSaid() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            for _ in 0...100 { try await jobs.make("travel", checkpoint: SagaDefinition.checkpoint([5])) }
            let stranger = TenantID(.make()).description
            let told = try await staff.list {
                $0.withHealthy = true
                $0.tenantIDs.append(stranger)
            }
            #expect(told.jobs.count == 100 && told.cappedTenantIDs == [jobs.tenant.description])
            #expect(told.unasked.map(\.tenantID) == [stranger])
            for count in [0, 101] {
                let tenants = Array(repeating: jobs.tenant.description, count: count)
                #expect(await reason { try await staff.list { $0.tenantIDs = tenants } } == "OUT_OF_RANGE")
            }
            #expect(await reason { try await staff.list { $0.tenantIDs = ["demo"] } } == "INVALID_ID")
            #expect(await reason { try await staff.retry(.make()) } == "JOB_NOT_FOUND")
        }
    }

    /// Not even of his own workspace.
    @Test func nobodyElseMay() async throws {
        try await Jobs.run { jobs in
            let staff = try Operator(jobs)
            let id = try await staff.stuck()
            let tenant = jobs.tenant.description
            for kind in [Caller.Kind.user, .program(Jobs.purpose), .service(Jobs.purpose)] {
                let channel = staff.channel(kind)
                let reasons = await [
                    reason {
                        let answer: ListTenantJobsResponse = try await channel.call(
                            Self.methods.listTenantJobs, ListTenantJobsRequest(tenantIDs: [tenant]), CallOptions())
                        return answer.jobs.count
                    },
                    reason {
                        let answer: RetryTenantJobResponse = try await channel.call(
                            Self.methods.retryTenantJob, RetryTenantJobRequest(tenantID: tenant, id: id.text),
                            CallOptions())
                        return answer.job?.id
                    },
                    reason {
                        let answer: AbandonTenantJobResponse = try await channel.call(
                            Self.methods.abandonTenantJob, AbandonTenantJobRequest(tenantID: tenant, id: id.text),
                            CallOptions())
                        return answer.job?.id
                    },
                ]
                #expect(reasons == Array(repeating: "OPERATOR_REQUIRED", count: 3))
            }
            #expect(try await jobs.job(id).state == .failed)
        }
    }
}
