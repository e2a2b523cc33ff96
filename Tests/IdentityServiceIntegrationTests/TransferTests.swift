import Contracts
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

/// A user is transferred: what identity does, with services that say what a test wants.
struct TransferTests {
    func inMove(
        ofItsOwn: Bool = false, _ body: @escaping @Sendable (TestIdentity, Move) async throws -> Void
    ) async throws {
        try await inWorkspace(ofItsOwn: ofItsOwn) { identity, workspace in
            try await body(identity, Move(workspace))
        }
    }

    // MARK: Now

    @Test func withoutADayItIsDoneAtOnce() async throws {
        try await inMove { identity, move in
            let epoch = try await move.workspace.epoch()
            let answer = try await move.transfer()
            #expect(answer.user?.departmentID == move.department && answer.jobID == nil && answer.effectiveTime == nil)
            #expect(try await move.place() == move.department)
            // What sessions may do is judged by the new policy from here on.
            #expect(try await move.workspace.epoch() > epoch)
            #expect(try await move.placeInPolicy() == move.moved)
            try await move.settle()
            #expect(identity.services.values.flatMap { $0.calls(for: move.workspace.id) }.isEmpty)
            // Today is now.
            let back = try await move.transfer(to: move.home, inDays: 0)
            #expect(back.user?.departmentID == move.home && back.jobID == nil && back.effectiveTime == nil)
        }
    }

    @Test func recordsGoAlongForTheAdmin() async throws {
        try await inMove { identity, move in
            let answer = try await move.transfer(withRecords: true)
            #expect(try await move.place() == move.department)
            #expect(try await move.job(answer.jobID).step == "move_user")
            try await move.settle()
            let done = try await move.job(answer.jobID)
            #expect(done.state == .done && done.name == "transfer_user")
            #expect(done.userID == move.workspace.adminID.description)
            #expect(
                done.summary == "user_id = \(move.user) → department_id = \(move.department), with records")
            for service in [ServiceName.customer, .sales] {
                let calls = try #require(identity.services[service]).calls(for: move.workspace.id)
                let call = try #require(calls.first)
                #expect(calls.count == 1 && call.method == "BeginHandover")
                #expect(call.caller.kind == .program(.handOver) && call.caller.userID == move.workspace.adminID)
                #expect(call.handover == RecordID(answer.jobID ?? "")?.bytes && call.department == move.moved)
                #expect(call.successors == [Successor(userID: move.user.id.bytes)])
            }
            // The records of a user who is there already may be fetched as well.
            #expect(try await move.transfer(withRecords: true).jobID != nil)
        }
    }

    @Test func aPreviewTellsAndChangesNothing() async throws {
        try await inMove { identity, move in
            for days in [nil, 3] {
                let answer = try await move.transfer(inDays: days, preview: true)
                #expect(answer.records.map(\.service) == ["customer", "sales"])
                #expect(answer.records.map(\.gainedCount) == [3, 3] && answer.records.map(\.lostCount) == [2, 2])
                #expect(answer.user == nil && answer.jobID == nil && (answer.effectiveTime == nil) == (days == nil))
            }
            let call = try #require(identity.services[.customer]?.calls(for: move.workspace.id).first)
            #expect(call.caller.kind == .program(.handOver) && call.caller.userID == move.workspace.adminID)
            #expect(call.department == move.moved)
            #expect(try await move.place() == move.home)
            let jobs = "SELECT count(*) FROM \(move.workspace.schema).jobs WHERE name = 'transfer_user'"
            #expect(try await identity.count(jobs) == 0)
            #expect(try await move.marks() == 0)
        }
    }

    // MARK: Later

    /// What is tried beforehand is no change, so nobody is told of one.
    @Test func whatIsToComeIsNotAnnounced() async throws {
        try await inMove { _, move in
            _ = try await move.transfer(inDays: 3)
            #expect(try await move.marks() == 0)
        }
    }

    @Test func atTheBeginningOfTheDayItIsDone() async throws {
        try await inMove { _, move in
            let answer = try await move.transfer(inDays: 14)
            let due = try #require(answer.effectiveTime)
            #expect(due.text == "\(Move.day(14))T00:00:00Z" && answer.user?.departmentID == move.home)
            var job = try await move.job(answer.jobID)
            #expect(job.state == .waiting && job.dueTime == due && job.step == "move_user")
            try await move.settle(after: 13)
            #expect(try await move.place() == move.home)
            try await move.settle(after: 14)
            #expect(try await move.place() == move.department)
            #expect(try await move.placeInPolicy() == move.moved)
            job = try await move.job(answer.jobID)
            #expect(job.state == .done && job.report?.changedCount == 1 && job.report?.kinds.map(\.object) == ["user"])
            #expect(try await move.ledger(answer.jobID) == ["transfer_user \(move.workspace.adminID)"])
        }
    }

    /// Midnight of the workspace, also when its time zone is another one meanwhile.
    @Test func theDayIsTheWorkspaces() async throws {
        try await inMove { _, move in
            func set(_ zone: String) async throws {
                _ = try await SettingsServiceClient(channel: move.workspace.channel()).updateSettings(
                    UpdateSettingsRequest(settings: WorkspaceSettings(timeZone: zone), updateMask: ["time_zone"]))
            }
            try await set("Asia/Tokyo")
            let answer = try await move.transfer(inDays: 20)
            #expect(answer.effectiveTime?.text == "\(Move.day(19))T15:00:00Z")
            for (zone, due) in [
                ("America/Los_Angeles", "\(Move.day(20))T08:00:00Z"), ("UTC", "\(Move.day(20))T00:00:00Z"),
            ] {
                try await set(zone)
                // In summer the day begins an hour earlier there.
                let moment = try await move.job(answer.jobID).dueTime
                let summer = due.replacing("T08", with: "T07")
                #expect([due, summer].contains(moment?.text), "\(zone)")
            }
            // What has begun is not put off.
            try await move.settle(after: 20)
            #expect(try await move.place() == move.department)
        }
    }

    @Test func oneTransferIsOpenAndCanBeCancelled() async throws {
        try await inMove { _, move in
            let client = UserServiceClient(channel: move.workspace.channel(requestID: "move"))
            let request = TransferUserRequest(
                id: move.user.description, departmentID: move.department, effectiveDate: Move.day(5))
            let (first, again) = (try await client.transferUser(request), try await client.transferUser(request))
            #expect(first.jobID == again.jobID && first.jobID != nil)
            for preview in [false, true] {
                let refused = try await denial { try await move.transfer(inDays: 6, preview: preview) }
                #expect(refused.reason == "TRANSFER_OPEN" && refused.message.contains("CancelJob"))
                #expect(refused.details.contains { $0.key == "job_id" && $0.value == first.jobID })
            }
            try await move.cancel(first.jobID)
            try await move.settle()
            #expect(try await move.job(first.jobID).state == .cancelled)
            let second = try await move.transfer(inDays: 6)
            #expect(second.jobID != nil && second.jobID != first.jobID)
            try await move.settle(after: 5)
            #expect(try await move.place() == move.home)
            try await move.settle(after: 6)
            #expect(try await move.place() == move.department)
        }
    }

    @Test func oneOfTwoAtOnceIsRefused() async throws {
        try await inMove { identity, move in
            async let first = reason { try await move.transfer(inDays: 5) }
            async let second = reason { try await move.transfer(inDays: 6) }
            let reasons = try await [first, second]
            #expect(reasons.contains(nil) && reasons.contains("TRANSFER_OPEN"), "\(reasons)")
            let jobs = "SELECT count(*) FROM \(move.workspace.schema).jobs WHERE name = 'transfer_user'"
            #expect(try await identity.count(jobs) == 1)
        }
    }

    /// Whoever plans a move of many for a day has not used up what he may do meanwhile.
    @Test func whatWaitsForItsDayIsNotInTheWay() async throws {
        try await inMove { identity, move in
            _ = try await move.transfer(inDays: 5)
            try await identity.tamper(
                """
                INSERT INTO \(move.workspace.schema).jobs
                SELECT (jsonb_populate_record(job, jsonb_build_object('id', gen_random_uuid(), 'key', n))).*
                FROM \(move.workspace.schema).jobs AS job, generate_series(1, 60) AS n WHERE name = 'transfer_user'
                """)
            let request = UpdateMatchingRequest<User>(
                filterExpression: "email = \"nobody@example.com\"", record: User(jobTitle: "x"))
            func update() async throws {
                let _: UpdateMatchingResponse<User> = try await move.workspace.channel().call(
                    UserServiceMethods.updateMatchingUsers, request, CallOptions())
            }
            try await update()
            try await identity.tamper(
                "UPDATE \(move.workspace.schema).jobs SET due_at = now() WHERE name = 'transfer_user'")
            #expect(try await reason { try await update() } == "JOBS_TOO_MANY")
        }
    }

    /// What was previewed does not hold any more, so somebody has to look again.
    @Test(arguments: [
        "TRANSFER_OUTDATED", "USER_UNKNOWN", "RIGHTS_EXCEEDED", "FIELD_NOT_WRITABLE",
    ]) func whatChangedMeanwhileEndsIt(reason: String) async throws {
        try await inMove { _, move in
            let workspace = move.workspace
            let boss = try await workspace.makeUser(
                "boss", in: move.department, roles: [try await workspace.roleID("Admin")])
            let job = try await move.transfer(inDays: 2, as: boss).jobID
            switch reason {
            case "TRANSFER_OUTDATED": _ = try await move.moveByHand(to: workspace.makeDepartment("Third"))
            case "USER_UNKNOWN":
                _ = try await workspace.users().deactivateUser(DeactivateUserRequest(id: boss.description))
            case "FIELD_NOT_WRITABLE":
                let role = Role(
                    displayName: "Nearly", grants: [grant("*", "*", .all)],
                    fieldPolicies: [FieldPolicy(object: "user", field: "department_id", access: .read)])
                let nearly = try #require(try await workspace.create(role).id)
                try await workspace.update(User(id: boss.description, roleIDs: [nearly]), ["role_ids"])
            default:
                let clerk = try await workspace.makeRole(
                    "Clerk", ["user", "role", "department"].map { grant($0, "*", .all) })
                try await workspace.update(User(id: boss.description, roleIDs: [clerk]), ["role_ids"])
            }
            let place = try await move.place()
            try await move.settle(after: 2)
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == reason && failed.step == "move_user", "\(failed)")
            #expect(try await move.place() == place)
            #expect(try await move.ledger(job).isEmpty)
            // It is not open any more.
            if reason == "TRANSFER_OUTDATED" { #expect(try await move.transfer().user != nil) }
        }
    }

    /// Whichever way the user leaves, and the admin is told.
    @Test(arguments: ["deactivated", "disabled", "deleted"]) func aLeaversTransferIsCancelled(how: String) async throws
    {
        try await inMove { _, move in
            let job = try await move.transfer(inDays: 2).jobID
            let request = DeactivateUserRequest(id: move.user.description)
            switch how {
            case "deactivated":
                var preview = request
                preview.preview = true
                #expect(
                    try await move.workspace.users().deactivateUser(preview).cancelledTransferJobID == job)
                #expect(try await move.job(job).cancelTime == nil)
                #expect(try await move.workspace.users().deactivateUser(request).cancelledTransferJobID == job)
            case "disabled":
                try await move.workspace.update(User(id: move.user.description, disabled: true), ["disabled"])
            default: _ = try await move.workspace.delete(User.self, move.user.description)
            }
            try await move.settle()
            #expect(try await move.job(job).state == .cancelled)
            #expect(try await move.ledger(job).isEmpty)
        }
    }

    /// Neither by a transfer that waits, nor beside one that is being asked for.
    @Test func aDepartmentThatIsAwaitedStays() async throws {
        try await inMove { identity, move in
            let job = try await move.transfer(inDays: 2).jobID
            let refused = try await denial { try await move.workspace.delete(Department.self, move.department) }
            #expect(refused.reason == "DEPARTMENT_IN_USE" && refused.message.contains(job ?? "-"))
            #expect(refused.details.contains { $0.key == "job_id" && $0.value == job })
            try await move.cancel(job)
            try await move.settle()
            async let deletion = reason { try await move.workspace.delete(Department.self, move.department) }
            async let transfer = reason { try await move.transfer(inDays: 3) }
            let reasons = try await [deletion, transfer]
            #expect(
                reasons == [nil, "REFERENCE_NOT_FOUND"] || reasons == ["DEPARTMENT_IN_USE", nil], "\(reasons)")
        }
    }

    /// What failed is not open, so the user and the department may go; then it cannot be tried again.
    @Test(arguments: ["USER_DISABLED", "DEPARTMENT_DELETED", "RECORD_NOT_FOUND"])
    func whatHasGoneSinceItFailedEndsItAgain(reason: String) async throws {
        try await inMove { _, move in
            let workspace = move.workspace
            let admin = try await workspace.roleID("Admin")
            let boss = try await workspace.makeUser("boss", in: move.home, roles: [admin])
            let job = try await move.transfer(inDays: 2, as: boss).jobID
            let clerk = try await workspace.makeRole("Clerk", [grant("user", "*", .all)])
            try await workspace.update(User(id: boss.description, roleIDs: [clerk]), ["role_ids"])
            try await move.settle(after: 2)
            #expect(try await move.job(job).state == .failed)
            try await workspace.update(User(id: boss.description, roleIDs: [admin]), ["role_ids"])
            switch reason {
            case "USER_DISABLED":
                _ = try await workspace.users().deactivateUser(DeactivateUserRequest(id: move.user.description))
            case "DEPARTMENT_DELETED": _ = try await workspace.delete(Department.self, move.department)
            default: _ = try await workspace.delete(User.self, move.user.description)
            }
            try await move.retry(job)
            try await move.settle(after: 2)
            let failed = try await move.job(job)
            #expect(failed.state == .failed && failed.lastError == reason && failed.step == "move_user", "\(failed)")
            #expect(try await move.ledger(job).isEmpty)
        }
    }

    /// Killed between the COMMIT of the move and where the saga goes on: the step runs again, and takes nothing back that came after.
    @Test func whatWasDoneBeforeAKillIsNotDoneAgain() async throws {
        try await inMove { identity, move in
            let job = try await move.transfer(inDays: 1).jobID
            let before = try #require(
                try await identity.tamper(
                    "SELECT encode(checkpoint, 'hex') FROM \(move.workspace.schema).jobs WHERE id = '\(job ?? "")'"
                ).first)
            try await move.settle(after: 1)
            #expect(try await move.place() == move.department)
            _ = try await move.moveByHand(to: move.home)
            try await identity.tamper(
                """
                UPDATE \(move.workspace.schema).jobs SET state = 'waiting', ended_at = NULL, due_at = now(),
                    checkpoint = decode('\(before)', 'hex') WHERE id = '\(job ?? "")'
                """)
            try await move.settle(after: 1)
            #expect(try await move.job(job).state == .done)
            #expect(try await move.place() == move.home)
            #expect(try await move.ledger(job).count == 1)
        }
    }

    @Test func recordsThatCannotGoAlongStayAndAreTriedAgain() async throws {
        try await inMove(ofItsOwn: true) { identity, move in
            let customer = try #require(identity.services[.customer])
            customer.stands(Handover(openCount: 0, failure: "PERMISSION_MISSING", report: JobReport(changedCount: 3)))
            let job = try await move.transfer(inDays: 1, withRecords: true).jobID
            try await move.settle(after: 1)
            let stuck = try await move.job(job)
            #expect(stuck.state == .failed && stuck.lastError == "PERMISSION_MISSING")
            #expect(stuck.step == "move_records_customer" && stuck.report?.changedCount == 4)
            #expect(try await move.place() == move.department)
            customer.stands(Handover(openCount: 0, report: JobReport(changedCount: 5)))
            let _: RetryJobResponse = try await move.workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").retryJob, RetryJobRequest(id: job), CallOptions())
            try await move.settle(after: 1)
            #expect(try await move.job(job).state == .done)
            #expect(try await move.job(job).report?.changedCount == 6)
        }
    }

    // MARK: Attacks

    /// Refused means that nothing happened, and the preview says the same, and so does one for later.
    @Test func whatMayNotBeIsRefused() async throws {
        try await inMove { identity, move in
            let other = try await Move(identity.openWorkspace())
            let gone = try await move.workspace.addUser("gone")
            _ = try await move.workspace.users().deactivateUser(DeactivateUserRequest(id: gone.description))
            let deleted = try await move.workspace.makeDepartment("Deleted")
            _ = try await move.workspace.delete(Department.self, deleted)
            for (preview, days) in [(false, nil), (true, nil), (false, 3), (true, 3)] as [(Bool, Int?)] {
                func why(
                    _ user: UserID? = nil, to department: String? = nil, on date: String? = nil,
                    as caller: UserID? = nil
                ) async throws -> String? {
                    try await reason {
                        try await move.transfer(
                            user, to: department, inDays: days, on: date, preview: preview, as: caller)
                    }
                }
                #expect(try await why(as: gone) == "USER_UNKNOWN")
                #expect(try await why(as: move.user) == "PERMISSION_MISSING")
                #expect(try await why(to: move.home) == "TRANSFER_NEEDLESS")
                #expect(try await why(gone) == "USER_DISABLED")
                #expect(try await why(UserID(.make())) == "RECORD_NOT_FOUND")
                #expect(try await why(other.user) == "RECORD_NOT_FOUND")
                #expect(try await why(to: other.department) == "REFERENCE_NOT_FOUND")
                #expect(try await why(to: deleted) == "REFERENCE_NOT_FOUND")
                #expect(try await why(to: "nowhere") == "INVALID_ID")
                #expect(try await why(on: "2026-02-30") == "INVALID_DATE")
                #expect(try await why(on: Move.day(-1)) == "OUT_OF_RANGE")
                #expect(try await why(on: Move.day(368)) == "OUT_OF_RANGE")
            }
            let refused = try await denial { try await move.transfer(on: Move.day(-1)) }
            #expect(refused.fieldViolations.map(\.field) == ["effective_date"])
            let unknown = try await denial { try await move.transfer(to: deleted) }
            #expect(unknown.fieldViolations.map(\.field) == ["department_id"])
            #expect(try await move.place() == move.home)
            #expect(identity.services.values.flatMap { $0.calls(for: move.workspace.id) }.isEmpty)
            let jobs = "SELECT count(*) FROM \(move.workspace.schema).jobs WHERE name = 'transfer_user'"
            #expect(try await identity.count(jobs) == 0)
        }
    }

    /// Who may not move somebody now may not have it done later, nor learn how many records that would show.
    @Test func nobodyGivesRightsThatHeLacks() async throws {
        try await onLoop { identity in
            let office = try await Office(identity)
            let role = try await office.workspace.makeRole("Looker", [grant("account", "read", .unit)])
            let user = try await office.workspace.makeUser("spy", in: office.staff, roles: [role])
            for (preview, date) in [(false, nil), (true, nil), (false, Move.day(2))] as [(Bool, String?)] {
                func why(_ user: UserID) async throws -> String? {
                    try await reason {
                        try await office.users.transferUser(
                            TransferUserRequest(
                                id: user.description, departmentID: office.sales, effectiveDate: date,
                                preview: preview))
                    }
                }
                #expect(try await why(user) == "RIGHTS_EXCEEDED")
                #expect(try await why(office.clerkID) == "RIGHTS_EXCEEDED")
                #expect(try await why(office.workspace.adminID) == "RIGHTS_EXCEEDED")
            }
            #expect(try await office.departmentOf(user) == office.staff)
            #expect(identity.services.values.flatMap { $0.calls(for: office.workspace.id) }.isEmpty)
        }
    }

    @Test func theLastAdminMayMoveAndStaysAdmin() async throws {
        try await inMove { identity, move in
            let admin = move.workspace.adminID
            _ = try await move.transfer(admin)
            #expect(try await move.place(of: admin) == move.department)
            let session = try await identity.signIn(move.workspace.name)
            _ = try await identity.resolve(session)
            _ = try await move.transfer(admin, to: move.home)
        }
    }
}
