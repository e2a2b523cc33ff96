import Contracts
import CoreMetrics
import IdentityContracts
import RPC
import ServiceHost
import Synchronization
import Tenancy
import TestPostgres
import TestService
import Testing
import Text
import Work

@testable import IdentityService

extension TransferTests {
    /// A workspace with a department, a user outside of it, and a clock for its jobs.
    struct Move: Sendable {
        let workspace: Workspace
        let home, department: String
        let user: UserID
        private let runner: JobRunner
        private let time: SharedTime

        init(_ workspace: Workspace) async throws {
            self.workspace = workspace
            let (identity, zone) = (workspace.identity.identity, try #require(TimeZone("UTC")))
            home = try await workspace.makeDepartment("Home")
            department = try await workspace.makeDepartment("Support")
            let role = try await workspace.roleID("Sales rep")
            user = try await workspace.makeUser("ann", in: home, roles: [role])
            let time = SharedTime()
            self.time = time
            runner = JobRunner(
                identity.jobs.filter { $0.name == "transfer_user" }, identity.engine,
                clock: JobClock(now: { time.now }, sleep: { _ in }), zone: { _ in zone }, jitter: { 0 },
                meter: JobMeter(NOOPMetricsHandler.instance), logger: workspace.identity.postgres.logger)
        }

        /// Does what is due after so many days from now.
        func settle(after days: Int64 = 0) async throws {
            time.forward(.seconds(days * 86_400))
            runner.wake(workspace.id)
            await runner.settle()
        }

        func transfer(
            _ user: UserID? = nil, to department: String? = nil, inDays days: Int? = nil, on date: String? = nil,
            withRecords: Bool? = nil, preview: Bool? = nil, as caller: UserID? = nil
        ) async throws -> TransferUserResponse {
            try await workspace.users(as: caller).transferUser(
                TransferUserRequest(
                    id: (user ?? self.user).description, departmentID: department ?? self.department,
                    effectiveDate: date ?? days.map { Self.day($0) }, withRecords: withRecords, preview: preview))
        }

        static func day(_ ahead: Int) -> String {
            CalendarDay(daysSince1970: Int(Timestamp.now().secondsAndNanos.seconds / 86_400) + ahead).text
        }

        func place(of user: UserID? = nil) async throws -> String? {
            try await workspace.get(User.self, (user ?? self.user).description).departmentID
        }

        func job(_ id: String?) async throws -> Contracts.Job {
            let answer: GetJobResponse = try await workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").getJob, GetJobRequest(id: id), CallOptions())
            return try #require(answer.job)
        }

        func cancel(_ id: String?) async throws {
            let _: CancelJobResponse = try await workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").cancelJob, CancelJobRequest(id: id), CallOptions())
        }

        func retry(_ id: String?) async throws {
            let _: RetryJobResponse = try await workspace.channel().call(
                JobServiceOf(package: "steward.identity.v1").retryJob, RetryJobRequest(id: id), CallOptions())
        }

        /// Changes of the policy that are announced and not published.
        func marks() async throws -> Int {
            try await workspace.identity.count(
                "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'")
        }

        /// Ledger rows that a job wrote of users: purpose and on whose behalf.
        func ledger(_ job: String?) async throws -> [String] {
            try await workspace.identity.tamper(
                """
                SELECT purpose || ' ' || on_behalf_of_id FROM \(workspace.schema).ledger
                WHERE request_id = '\(job ?? "")' AND object = 'user'
                """)
        }

        /// Where services take the user to be.
        func placeInPolicy() async throws -> [UInt8]? {
            try await workspace.policy().users.first { $0.id == user.id.bytes }?.unitID
        }

        var moved: [UInt8]? { RecordID(department)?.bytes }
    }

    final class SharedTime: Sendable {
        private let ahead = Mutex(Duration.zero)
        var now: Timestamp { Timestamp.now().advanced(by: ahead.withLock { $0 }) }
        func forward(_ duration: Duration) { ahead.withLock { $0 = duration } }
    }
}

extension TransferTests.Move {
    /// By hand, as UpdateUser does it.
    func moveByHand(to department: String) async throws -> User {
        try await workspace.update(User(id: user.description, departmentID: department), ["department_id"])
    }
}
