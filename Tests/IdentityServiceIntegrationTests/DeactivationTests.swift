import Contracts
import CoreMetrics
import IdentityContracts
import RPC
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Work

@testable import IdentityService

/// A colleague leaves: what identity does, with services that say what a test wants.
struct DeactivationTests {
    private func settle(_ workspace: Workspace) async throws {
        let identity = workspace.identity.identity
        let zone = try #require(TimeZone("UTC"))
        let runner = JobRunner(
            identity.jobs.filter { $0.name == "deactivate_user" }, identity.engine,
            clock: JobClock(now: { .now() }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
            meter: JobMeter(NOOPMetricsHandler.instance), logger: workspace.identity.postgres.logger)
        runner.wake(workspace.id)
        await runner.settle()
    }

    private func deactivate(
        _ user: UserID, to successor: UserID? = nil, preview: Bool? = nil, _ workspace: Workspace,
        as caller: UserID? = nil
    ) async throws -> DeactivateUserResponse {
        try await workspace.users(as: caller).deactivateUser(
            DeactivateUserRequest(id: user.description, successorID: successor?.description, preview: preview))
    }

    private func job(_ id: String?, _ workspace: Workspace) async throws -> Contracts.Job {
        let answer: GetJobResponse = try await workspace.channel().call(
            JobServiceOf(package: "steward.identity.v1").getJob, GetJobRequest(id: id), CallOptions())
        return try #require(answer.job)
    }

    private func isDisabled(_ user: UserID, _ workspace: Workspace) async throws -> Bool {
        try await workspace.users().getUser(GetUserRequest(id: user.description)).record?.disabled == true
    }

    /// Lets the pause of a saga pass.
    private func hasten(_ workspace: Workspace) async throws {
        try await workspace.identity.tamper("UPDATE \(workspace.schema).jobs SET due_at = now() - interval '1 s'")
        try await settle(workspace)
    }

    @Test func whoLeavesIsSignedOutAtOnce() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("ann", roles: ["Sales rep"], password: TestIdentity.adminPassword)
            let session = try await identity.signIn(workspace.name, "ann@example.com")
            _ = try await identity.resolve(session)
            let answer = try await deactivate(user, workspace)
            #expect(answer.user?.disabled == true && answer.jobID == nil && answer.ownedRecords.isEmpty)
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            let refused = try await reason { try await identity.signIn(workspace.name, "ann@example.com") }
            #expect(refused == "SIGN_IN_FAILED")
            _ = try await workspace.users().activateUser(ActivateUserRequest(id: user.description))
            _ = try await identity.signIn(workspace.name, "ann@example.com")
        }
    }

    @Test func eachServiceHandsOverForTheAdmin() async throws {
        try await inWorkspace { identity, workspace in
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let answer = try await deactivate(ann, to: bob, workspace)
            #expect(try await isDisabled(ann, workspace))
            #expect(try await job(answer.jobID, workspace).step == "hand_over_customer")
            try await settle(workspace)
            let done = try await job(answer.jobID, workspace)
            #expect(
                done.state == .done && done.name == "deactivate_user" && done.userID == workspace.adminID.description)
            for service in [ServiceName.customer, .sales] {
                let call = try #require(identity.services[service]?.calls(for: workspace.id).first)
                #expect(call.caller.kind == .program(.handOver) && call.caller.userID == workspace.adminID)
                #expect(call.handover == RecordID(answer.jobID ?? "")?.bytes)
                #expect(call.successors == [Successor(userID: bob.id.bytes)])
            }
        }
    }

    /// Refused means that nothing happened, and the preview says the same.
    @Test func whatMayNotBeIsRefused() async throws {
        try await inWorkspace { _, workspace in
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let second = try await workspace.addUser("admin2", roles: ["Admin"])
            let gone = try await workspace.addUser("gone")
            _ = try await deactivate(gone, workspace)
            for preview in [false, true] {
                func why(_ user: UserID, _ to: UserID?, as caller: UserID? = nil) async throws -> String? {
                    try await reason { try await deactivate(user, to: to, preview: preview, workspace, as: caller) }
                }
                #expect(try await why(workspace.adminID, bob) == "OWN_USER")
                #expect(try await why(ann, ann) == "SUCCESSOR_INVALID")
                #expect(try await why(ann, gone) == "SUCCESSOR_INVALID")
                #expect(try await why(ann, UserID(.make())) == "SUCCESSOR_INVALID")
                #expect(try await why(ann, bob, as: bob) == "PERMISSION_MISSING")
                #expect(try await why(UserID(.make()), bob) == "RECORD_NOT_FOUND")
                // The second one has no password, so the first is the last who may sign in.
                #expect(try await why(workspace.adminID, bob, as: second) == "LAST_ADMIN")
            }
            #expect(try await !isDisabled(ann, workspace))
            #expect(try await !isDisabled(workspace.adminID, workspace))
        }
    }

    @Test func aPreviewTellsAndChangesNothing() async throws {
        try await inWorkspace { _, workspace in
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let answer = try await deactivate(ann, to: bob, preview: true, workspace)
            #expect(answer.ownedRecords.map(\.service) == ["customer", "sales"])
            #expect(answer.ownedRecords.map(\.count) == [7, 7] && answer.user == nil && answer.jobID == nil)
            #expect(try await !isDisabled(ann, workspace))
            let marks = "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'"
            #expect(try await workspace.identity.count(marks) == 0)
            #expect(
                try await workspace.identity.count("SELECT count(*) FROM \(workspace.schema).jobs WHERE key LIKE '%-%'")
                    == 0)
        }
    }

    @Test func departmentsHaveSuccessorsOfTheirOwn() async throws {
        try await inWorkspace { identity, workspace in
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let department = try await workspace.makeDepartment("Branch")
            let part = DepartmentSuccessor(departmentID: department, successorID: bob.description)
            let request = DeactivateUserRequest(id: ann.description, departmentSuccessors: [part, part])
            #expect(try await reason { try await workspace.users().deactivateUser(request) } == "DUPLICATE")
            var right = request
            right.departmentSuccessors = [part]
            _ = try await workspace.users().deactivateUser(right)
            try await settle(workspace)
            let call = try #require(identity.services[.customer]?.calls(for: workspace.id).first)
            #expect(call.successors == [Successor(userID: bob.id.bytes, departmentID: RecordID(department)?.bytes)])
        }
    }

    @Test func oneHandoverAtATimeAndARepetitionIsNone() async throws {
        try await inWorkspace { _, workspace in
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let request = DeactivateUserRequest(id: ann.description, successorID: bob.description)
            let client = UserServiceClient(channel: workspace.channel(requestID: "leave"))
            let (first, again) = (try await client.deactivateUser(request), try await client.deactivateUser(request))
            #expect(first.jobID == again.jobID && first.jobID != nil)
            #expect(try await reason { try await deactivate(ann, to: bob, workspace) } == "HANDOVER_OPEN")
            try await settle(workspace)
            // What he has got since, or left behind without a successor or when somebody cancelled.
            let more = try await deactivate(ann, to: bob, workspace).jobID
            #expect(more != nil && more != first.jobID)
            #expect(try await job(more, workspace).state == .waiting)
        }
    }

    /// By whichever method somebody comes back.
    @Test(arguments: [true, false]) func whoComesBackKeepsWhatWasNotGivenAway(byMethod: Bool) async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 1))
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            let id = try await deactivate(ann, to: bob, workspace).jobID
            try await settle(workspace)
            #expect(try await job(id, workspace).state == .waiting)
            if byMethod {
                let back = try await workspace.users().activateUser(ActivateUserRequest(id: ann.description))
                #expect(back.cancelledJobID == id && back.user?.disabled != true)
            } else {
                _ = try await workspace.users().updateUser(
                    UpdateUserRequest(record: User(id: ann.description, disabled: false), updateMask: ["disabled"]))
            }
            customer.stands(Handover(openCount: 0))
            try await settle(workspace)
            #expect(try await job(id, workspace).state == .cancelled)
            #expect(customer.calls(for: workspace.id).map(\.method) == ["BeginHandover", "CancelHandover"])
            #expect(identity.services[.sales]?.calls(for: workspace.id).isEmpty == true)
        }
    }

    @Test func whatFailedThereStaysAndIsTriedAgain() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let customer = try #require(identity.services[.customer])
            let (ann, bob) = (try await workspace.addUser("ann"), try await workspace.addUser("bob"))
            customer.goAway(true)
            let id = try await deactivate(ann, to: bob, workspace).jobID
            try await settle(workspace)
            let away = try await job(id, workspace)
            #expect(away.state == .waiting && away.attempts == 0 && away.lastError == "DOWN")
            customer.goAway(false)
            customer.stands(Handover(openCount: 0, failure: "PERMISSION_MISSING", report: JobReport(changedCount: 3)))
            try await hasten(workspace)
            let stuck = try await job(id, workspace)
            #expect(
                stuck.state == .failed && stuck.lastError == "PERMISSION_MISSING" && stuck.step == "hand_over_customer")
            #expect(stuck.report?.changedCount == 3)
            customer.stands(Handover(openCount: 0, report: JobReport(changedCount: 5)))
            let retried: RetryJobResponse = try await workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").retryJob, RetryJobRequest(id: id), CallOptions())
            #expect(retried.job?.state == .waiting)
            try await settle(workspace)
            let done = try await job(id, workspace)
            #expect(done.state == .done && done.report?.changedCount == 5)
            let moments = customer.calls(for: workspace.id).compactMap(\.retryBefore)
            #expect(moments.count == 2 && moments[0] < moments[1])
            let refused = try await reason {
                let _: RetryJobResponse = try await workspace.channel().call(
                    JobServiceOf(package: "steward.identity.v1").retryJob, RetryJobRequest(id: id), CallOptions())
            }
            #expect(refused == "JOB_NOT_RETRYABLE")
        }
    }
}
