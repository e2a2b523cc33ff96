import AccessControl
import Contracts
import IdentityContracts
import Postgres
import RPC
import Tenancy
import TenantDatabase
import TestService
import Testing

@testable import IdentityService
@testable import Records

struct PolicyTests {
    @Test func aChangeWhoseWriterIsGoneIsPublished() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("rep", password: "a good password")
            let session = try await identity.signIn(workspace.name, "rep@example.com", "a good password")
            let before = try await workspace.epoch()
            // As after a crash between the tenant's transaction and what follows it.
            let schema = try #require(TenantSchema(tenantID: workspace.id, service: .identity)).name
            try await identity.tamper("UPDATE \(schema).users SET disabled = true WHERE id = '\(user)'")
            try await identity.tamper(
                "INSERT INTO directory.policy_marks VALUES ('\(workspace.id)', '\(user)', 2, '2000-01-01')")
            _ = try await identity.resolve(session)
            try await identity.identity.sweeper.sweepMarks()
            #expect(try await workspace.epoch() == before + 1)
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            try await identity.identity.sweeper.sweepMarks()
            #expect(try await workspace.epoch() == before + 1)
        }
    }

    /// A batch makes one version of the policy, also when its first record, which would have announced it, is refused.
    @Test func aBatchIsOneChangeOfThePolicy() async throws {
        try await inWorkspace { identity, workspace in
            let before = try await workspace.epoch()
            let good = (0..<3).map { Role(displayName: "Role \($0)") }
            let bad = Role(
                displayName: "Bad", grants: [Contracts.Grant(object: "account", action: "fly", scope: .all)])
            let answer = try await workspace.batchCreate([bad] + good)
            #expect(answer.records.count == 3)
            #expect(try await workspace.epoch() == before + 1)
            let marks = "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'"
            #expect(try await identity.count(marks) == 0)
        }
    }

    /// What is taken back is announced to nobody: a mark would have every service fetch the policy anew.
    @Test func aPreviewLeavesNoMark() async throws {
        try await inWorkspace { identity, workspace in
            let role = try await workspace.roleID("Sales rep")
            _ = try await workspace.makeUser("rep", roles: [])
            let before = try await workspace.epoch()
            let marks = "SELECT count(*) FROM directory.policy_marks WHERE tenant_id = '\(workspace.id)'"
            func change(preview: Bool) async throws -> UpdateMatchingResponse<User> {
                try await workspace.channel().call(
                    UserServiceMethods.updateMatchingUsers,
                    UpdateMatchingRequest<User>(
                        filterExpression: "email = \"rep@example.com\"", record: User(roleIDs: [role]), preview: preview
                    ),
                    CallOptions())
            }
            let seen = try await change(preview: true)
            #expect(seen.records.map(\.roleIDs) == [[role]] && seen.issues.isEmpty, "\(seen)")
            #expect(try await identity.count(marks) == 0)
            #expect(try await workspace.epoch() == before)
        }
    }

    @Test func changesOfOtherInstancesAreFound() async throws {
        try await inWorkspace { identity, workspace in
            let session = try #require(try await identity.resolve(identity.signIn(workspace.name)).sessionID)
            let feed = identity.identity.feed
            let policies = feed.policies.watch()
            let revocations = feed.revocations.watch()
            try await identity.tamper(
                """
                UPDATE directory.tenants SET policy_epoch = 77, policy_changed_at = clock_timestamp()
                WHERE id = '\(workspace.id)'
                """)
            try await identity.tamper(
                "UPDATE directory.sessions SET revoked_at = clock_timestamp() WHERE id = '\(session)'")
            try await identity.identity.poller.look()
            for await changes in policies
            where changes.contains(PolicyChangeEvent(tenantID: workspace.id, epoch: 77)) { break }
            for await event in revocations where event.sessionIDs.contains(session) { break }
        }
    }

    @Test func aDisabledUserLosesRightsAtOnceInIdentityToo() async throws {
        try await inWorkspace { identity, workspace in
            let second = try await workspace.addUser("second", roles: ["Admin"], password: "a good password")
            _ = try await workspace.users(as: second).listUsers(ListUsersRequest())
            try await workspace.update(User(id: second.description, disabled: true), ["disabled"])
            #expect(
                try await reason { try await workspace.users(as: second).listUsers(ListUsersRequest()) }
                    == "USER_UNKNOWN")
        }
    }

    @Test(arguments: ["user", "department", "role"])
    func declarationsFitTheTables(_ object: String) async throws {
        try await inWorkspace { identity, workspace in
            let type = try #require(identity.identity.engine.type(object))
            let problems = try await identity.postgres.problems(of: type, in: workspace.schema)
            #expect(problems.isEmpty)
        }
    }

    @Test func passwordChangesAreInTheLedgerAndPasswordsAreNot() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("rep", password: "a good password")
            let rows = try await identity.identity.engine.database.read(
                TenantActor(workspace.id, purpose: Purpose("test"), onBehalfOf: nil), deadline: .max,
                Statement("SELECT method, after::text FROM {schema}.ledger WHERE record_id = $1 ORDER BY id"),
                {
                    var parameters = Parameters(); parameters.append(user.id); return parameters
                }())
            let methods = try rows.map { try $0.string(0) }
            #expect(methods.contains { $0.hasSuffix("UserService/CreateUser") })
            #expect(methods.contains { $0.hasSuffix("UserService/SetUserPassword") })
            let contents = try rows.map { try $0.string(1) }
            #expect(contents.allSatisfy { !$0.contains("argon2") })
        }
    }
}
