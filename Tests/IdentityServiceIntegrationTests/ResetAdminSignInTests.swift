import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// How an operator helps a workspace whose admin cannot sign in.
struct ResetAdminSignInTests {
    private static let email = "admin@example.com"
    private static let oneTime = "only this once"

    private func tenants(_ identity: TestIdentity, as caller: Caller? = nil) -> TenantServiceClient {
        TenantServiceClient(channel: identity.channel(as: caller ?? identity.operatorCaller))
    }

    @Test func theLockIsLifted() async throws {
        try await inWorkspace { identity, workspace in
            let here = "test-\(RecordID.make())"
            let attempt = SignInAttempt(
                .user(workspace: workspace.name, email: ResetAdminSignInTests.email),
                from: ClientNetwork(address: here))
            for _ in 0..<50 {
                try await SignInGuard(directory: identity.identity.directory).record(
                    [attempt.counters.account, attempt.counters.strangers], deadline: .after(.seconds(5)))
            }
            #expect(try await reason { try await identity.signIn(workspace.name, address: here) } == "SIGN_IN_LOCKED")
            let answer = try await tenants(identity).resetAdminSignIn(
                ResetAdminSignInRequest(id: workspace.id.description, email: " Admin@Example.com"))
            #expect(answer.adminUserID == workspace.adminID.description)
            #expect(answer.passwordExpireTime == nil)
            _ = try await identity.signIn(workspace.name, address: here)
            #expect(try await ledger(workspace) == ["false \(identity.operatorCaller.userID)"])
        }
    }

    @Test func aOneTimePasswordOpensOneSession() async throws {
        try await inWorkspace { identity, workspace in
            let old = try await identity.signIn(workspace.name)
            try await reset(workspace)
            #expect(try await reason { try await identity.resolve(old) } == "SESSION_INVALID")
            #expect(try await reason { try await identity.signIn(workspace.name) } == "SIGN_IN_FAILED")
            let session = try await signIn(workspace)
            #expect(session.passwordSpent == true)
            #expect(try await reason { try await signIn(workspace) } == "SIGN_IN_FAILED")
            let caller = try await identity.resolve(session)
            _ = try await identity.authentication(as: caller).changePassword(
                ChangePasswordRequest(
                    oldPassword: ResetAdminSignInTests.oneTime, newPassword: "my own for ever"))
            let own = try await identity.signIn(
                workspace.name, ResetAdminSignInTests.email, "my own for ever")
            #expect(own.passwordSpent == nil)
            #expect(try await ledger(workspace) == ["true \(identity.operatorCaller.userID)"])
        }
    }

    /// Whoever helped knows it.
    @Test func aOneTimePasswordCannotBeKept() async throws {
        try await inWorkspace { identity, workspace in
            try await reset(workspace)
            let caller = try await identity.resolve(signIn(workspace))
            let client = identity.authentication(as: caller)
            let refusal = try await reason {
                try await client.changePassword(
                    ChangePasswordRequest(
                        oldPassword: ResetAdminSignInTests.oneTime, newPassword: ResetAdminSignInTests.oneTime))
            }
            #expect(refusal == "PASSWORD_UNCHANGED")
            #expect(try await reason { try await signIn(workspace) } == "SIGN_IN_FAILED")
        }
    }

    @Test func aOneTimePasswordIsNoName() async throws {
        try await inWorkspace { identity, workspace in
            for (password, expected) in [
                ("\(workspace.name)-123", "PASSWORD_HOLDS_NAME"), ("password1234", "PASSWORD_TOO_COMMON"),
            ] {
                let refusal = try await reason {
                    try await tenants(identity).resetAdminSignIn(
                        ResetAdminSignInRequest(
                            id: workspace.id.description, email: ResetAdminSignInTests.email,
                            oneTimePassword: password))
                }
                #expect(refusal == expected)
            }
        }
    }

    @Test func ofTwoUsesAtOnceOneCounts() async throws {
        try await inWorkspace { _, workspace in
            try await reset(workspace)
            let reasons = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<4 { group.addTask { try await reason { try await signIn(workspace) } } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reasons.filter { $0 == nil }.count == 1)
            #expect(reasons.filter { $0 == "SIGN_IN_FAILED" }.count == 3)
        }
    }

    @Test func anUnusedOneTimePasswordEnds() async throws {
        try await inWorkspace { identity, workspace in
            try await reset(workspace)
            try await identity.tamper(
                """
                UPDATE \(workspace.schema).credentials SET expires_at = expires_at - interval '24 hours'
                """)
            #expect(try await reason { try await signIn(workspace) } == "SIGN_IN_FAILED")
        }
    }

    @Test func onlyOperatorsHelpAndOnlyAdmins() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await workspace.addUser("rep", roles: ["Sales rep"], password: TestIdentity.adminPassword)
            func refusal(_ request: ResetAdminSignInRequest, as caller: Caller? = nil) async throws -> String? {
                try await reason { try await tenants(identity, as: caller).resetAdminSignIn(request) }
            }
            let id = workspace.id.description
            let wish = ResetAdminSignInRequest(id: id, email: ResetAdminSignInTests.email)
            #expect(try await refusal(wish, as: workspace.admin) == "OPERATOR_REQUIRED")
            for email in ["rep@example.com", "nobody@example.com"] {
                #expect(try await refusal(ResetAdminSignInRequest(id: id, email: email)) == "ADMIN_NOT_FOUND")
            }
            #expect(try await refusal(ResetAdminSignInRequest(id: id)) == "REQUIRED")
            #expect(
                try await refusal(
                    ResetAdminSignInRequest(
                        id: id, email: ResetAdminSignInTests.email, oneTimePassword: "short"))
                    == "PASSWORD_TOO_SHORT")
            #expect(
                try await refusal(
                    ResetAdminSignInRequest(id: RecordID.make().text, email: ResetAdminSignInTests.email))
                    == "TENANT_NOT_FOUND")
            _ = try await tenants(identity).suspendTenant(SuspendTenantRequest(id: id))
            #expect(try await refusal(wish) == "TENANT_STATE")
        }
    }

    private func reset(_ workspace: Workspace) async throws {
        _ = try await tenants(workspace.identity).resetAdminSignIn(
            ResetAdminSignInRequest(
                id: workspace.id.description, email: ResetAdminSignInTests.email,
                oneTimePassword: ResetAdminSignInTests.oneTime))
    }

    private func signIn(_ workspace: Workspace) async throws -> Session {
        try await workspace.identity.signIn(
            workspace.name, ResetAdminSignInTests.email, ResetAdminSignInTests.oneTime)
    }

    /// What the workspace's ledger says of help: whether a password was set, and the operator.
    private func ledger(_ workspace: Workspace) async throws -> [String] {
        try await workspace.identity.tamper(
            """
            SELECT (after ->> 'password_changed') || ' ' || (after ->> 'operator_id') FROM \(workspace.schema).ledger
            WHERE method LIKE '%/ResetAdminSignIn' AND actor_id IS NULL AND purpose = 'reset_admin_sign_in'
                AND record_id = '\(workspace.adminID)'
            """)
    }
}
