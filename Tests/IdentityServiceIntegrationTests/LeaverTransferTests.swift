import Contracts
import CoreMetrics
import IdentityContracts
import RPC
import Reactor
import ServiceHost
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Work

@testable import IdentityService

/// What becomes of transfers and handovers beside those who leave, come back, or give them up.
struct LeaverTransferTests {
    private func inMove(
        _ body: @escaping @Sendable (TestIdentity, TransferTests.Move) async throws -> Void
    ) async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            try await body(identity, TransferTests.Move(workspace))
        }
    }

    private static let methods = TenantJobServiceOf(package: "steward.identity.v1")

    private func abandon(
        _ identity: TestIdentity, _ move: TransferTests.Move, _ id: String?, leavingAsIs: Bool
    ) async throws -> TenantJob? {
        let request = AbandonTenantJobRequest(
            tenantID: move.workspace.id.description, id: id, leaveAsIs: leavingAsIs)
        let answer: AbandonTenantJobResponse = try await identity.channel(as: identity.operatorCaller).call(
            Self.methods.abandonTenantJob, request, CallOptions())
        return answer.job
    }

    private func set(_ zone: String, _ move: TransferTests.Move) async throws {
        _ = try await SettingsServiceClient(channel: move.workspace.channel()).updateSettings(
            UpdateSettingsRequest(settings: WorkspaceSettings(timeZone: zone), updateMask: ["time_zone"]))
    }

    /// Also one that had failed at a later step before the user left.
    @Test(arguments: ["USER_DISABLED", "RECORD_NOT_FOUND", "DEPARTMENT_DELETED"])
    func aTransferThatIsTriedAgainMovesNothingOfALeaver(reason: String) async throws {
        try await inMove { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 0, failure: "PERMISSION_MISSING"))
            let job = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            #expect(try await move.job(job).state == .failed)
            switch reason {
            case "USER_DISABLED":
                _ = try await move.workspace.users().deactivateUser(DeactivateUserRequest(id: move.user.description))
            case "RECORD_NOT_FOUND": _ = try await move.workspace.delete(User.self, move.user.description)
            default:
                _ = try await identity.tamper(
                    "UPDATE \(move.workspace.schema).departments SET deleted_at = now() WHERE id = '\(move.department)'"
                )
            }
            customer.stands(Handover(openCount: 0, report: JobReport(changedCount: 5)))
            try await move.retry(job)
            try await move.settle(after: 1)
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == reason, "\(failed)")
            let begun = customer.calls(for: move.workspace.id).filter { $0.method == "BeginHandover" }
            #expect(begun.count == 1)
            #expect(try #require(identity.services[.sales]).calls(for: move.workspace.id).isEmpty)
        }
    }

    /// What is under way elsewhere is told to end before a saga may be left as it is: nothing would stop it afterwards.
    @Test func whatIsUnderWayIsNotLeftAsItIs() async throws {
        try await inMove { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 1))
            let job = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            let refused = try await reason { try await abandon(identity, move, job, leavingAsIs: true) }
            #expect(refused == "JOB_UNDER_WAY")
            #expect(try await abandon(identity, move, job, leavingAsIs: false)?.cancelTime != nil)
            try await move.settle()
            #expect(customer.calls(for: move.workspace.id).last?.method == "CancelHandover")
            // It cannot: the part does not end.
            #expect(try await abandon(identity, move, job, leavingAsIs: true)?.state == .cancelled)
        }
    }

    /// Its parts are told to end before it has failed.
    @Test func whatIsOverdueEndsElsewhereFirst() async throws {
        try await inMove { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 1))
            let job = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            try await identity.tamper(
                "UPDATE \(move.workspace.schema).jobs SET started_at = now() - interval '8 days' WHERE id = '\(job ?? "")'"
            )
            try await move.settle(after: 1)
            #expect(customer.calls(for: move.workspace.id).last?.method == "CancelHandover")
            #expect(try await move.job(job).state == .waiting)
            #expect(try await reason { try await move.transfer(to: move.home, withRecords: true) } == "TRANSFER_OPEN")
            customer.stands(Handover(openCount: 0))
            try await move.settle(after: 2)
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == "SAGA_OVERDUE", "\(failed)")
        }
    }

    @Test func theTimeOfASuspensionIsNotASagas() async throws {
        try await inMove { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 1))
            let job = try await move.transfer(withRecords: true).jobID
            try await move.settle()
            let id = move.workspace.id.description
            _ = try await identity.operators.suspendTenant(SuspendTenantRequest(id: id, comment: "unpaid"))
            try await move.settle(after: 8)
            _ = try await identity.operators.activateTenant(ActivateTenantRequest(id: id))
            try await move.settle(after: 8)
            #expect(try await move.job(job).state == .waiting)
            #expect(customer.calls(for: move.workspace.id).allSatisfy { $0.method == "BeginHandover" })
        }
    }

    /// Whichever of the two has its first row first: neither waits until PostgreSQL ends one of them.
    @Test func theMoveAndADeactivationAtOnceTakeTurns() async throws {
        try await inMove { identity, move in
            let job = try await move.transfer(inDays: 1).jobID
            let lock = "LOCK TABLE \(move.workspace.schema).ledger IN ACCESS EXCLUSIVE MODE"
            let (run, left) = try await identity.postgres.holding(lock) {
                let run = Task(executorPreference: EventLoop.current) { try await move.settle(after: 1) }
                try await waiting(1, identity)
                let left = Task(executorPreference: EventLoop.current) {
                    try await move.workspace.users().deactivateUser(
                        DeactivateUserRequest(id: move.user.description))
                }
                try await waiting(2, identity)
                return (run, left)
            }
            #expect(try await left.value.user?.disabled == true)
            try await run.value
            try await move.settle(after: 1)
            // Moved before, or not any more.
            let ended = try await move.job(job)
            let isMoved = try await move.place() == move.department
            #expect(ended.state == (isMoved ? .done : .failed), "\(ended)")
            #expect(ended.lastError == (isMoved ? nil : "USER_DISABLED"), "\(ended)")
        }
    }

    /// Until so many wait for locks.
    private func waiting(_ count: Int, _ identity: TestIdentity) async throws {
        let end = TestPostgres.deadline()
        let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while try await identity.count(sql) < count { try #require(MonotonicTime.now() < end, "\(count) wait") }
    }

    /// The zone changes while a transfer is asked for, which waits for its department.
    @Test func aZoneThatChangesBesideIsFollowed() async throws {
        try await inMove { identity, move in
            try await set("Asia/Tokyo", move)
            let lock = "SELECT id FROM \(move.workspace.schema).departments WHERE id = '\(move.department)' FOR UPDATE"
            let (asked, changed) = try await identity.postgres.holding(lock) {
                let asked = Task(executorPreference: EventLoop.current) { try await move.transfer(inDays: 20) }
                try await waiting(1, identity)
                let changed = Task(executorPreference: EventLoop.current) { try await set("UTC", move) }
                try await waiting(2, identity)
                return (asked, changed)
            }
            let job = try await asked.value.jobID
            try await changed.value
            #expect(try await move.job(job).dueTime?.text == "\(TransferTests.Move.day(20))T00:00:00Z")
        }
    }

    /// In Havana the clock goes from midnight to one o'clock on that day.
    @Test func aDayWithoutItsMidnightIsThatDay() async throws {
        try await inMove { _, move in
            try await set("America/Havana", move)
            let job = try await move.transfer(on: "2027-03-14").jobID
            #expect(try await move.job(job).dueTime?.text == "2027-03-14T05:00:00Z")
            try await set("UTC", move)
            #expect(try await move.job(job).dueTime?.text == "2027-03-14T00:00:00Z")
        }
    }

    @Test func sagasCountAmongTheOpenJobsOfAUser() async throws {
        try await inMove { identity, move in
            try #require(identity.services[.customer]).stands(Handover(openCount: 1))
            var reasons: [String?] = []
            for number in 0..<52 {
                let user = try await move.workspace.makeUser("u\(number)", in: move.home)
                reasons.append(try await reason { try await move.transfer(user, withRecords: true) })
            }
            #expect(reasons.prefix(50).allSatisfy { $0 == nil })
            #expect(reasons.suffix(2) == ["JOBS_TOO_MANY", "JOBS_TOO_MANY"])
        }
    }

    /// One whose jobs cannot be read is named, and the others are listed.
    @Test func aWorkspaceThatDoesNotAnswerHidesNoOther() async throws {
        try await inMove { identity, move in
            let other = try await identity.openWorkspace()
            _ = try await TransferTests.Move(other).transfer(inDays: 3)
            let lock = "LOCK TABLE \(move.workspace.schema).jobs IN ACCESS EXCLUSIVE MODE"
            let answer: ListTenantJobsResponse = try await identity.postgres.holding(lock) {
                try await identity.channel(as: identity.operatorCaller).call(
                    Self.methods.listTenantJobs,
                    ListTenantJobsRequest(
                        tenantIDs: [move.workspace.id.description, other.id.description], withHealthy: true),
                    CallOptions(timeout: .seconds(10)))
            }
            #expect(answer.unasked.map(\.tenantID) == [move.workspace.id.description])
            #expect(answer.jobs.map(\.tenantID) == [other.id.description])
        }
    }
}
