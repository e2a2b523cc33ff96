import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Opening, renewing and ending sessions.
    @Suite(.serialized) struct SignInJourney {
        @Test func whateverIsWrongTheAnswerIsTheSame() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let connection = try await steward.connect()
            let attempts = [
                (workspace.name, workspace.adminEmail, "wrong password"),
                (workspace.name, "nobody@\(workspace.name).example", TestSteward.password),
                ("no-such-workspace", workspace.adminEmail, TestSteward.password),
                ("", "", ""),
            ]
            var answers: Set<String> = []
            for (name, email, password) in attempts {
                let error = try await refusal {
                    try await connection.signIn(workspace: name, email: email, password: password)
                }
                #expect(error.code == .unauthenticated)
                #expect(error.reason == "SIGN_IN_FAILED")
                #expect(error.fieldViolations.isEmpty && error.details.isEmpty)
                answers.insert(error.description)
            }
            #expect(answers.count == 1)
            await connection.close()
            await workspace.close()
        }

        @Test func theSessionTellsWhoOneIs() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let own = try await workspace.admin.authentication.getSelf(GetSelfRequest())
            #expect(own.email == workspace.adminEmail)
            #expect(own.userID == workspace.adminUserID)
            #expect(own.workspace == workspace.name)
            #expect(own.roleNames == ["Admin"])
            #expect(own.grants.contains { $0.action == "*" || $0.action == "read" })
            let (user, rep) = try await workspace.connect(as: "Rep@\(workspace.name).example", roles: ["Sales rep"])
            let other = try await rep.authentication.getSelf(GetSelfRequest())
            #expect(other.userID == user.id)
            #expect(other.roleNames == ["Sales rep"])
            #expect(other.grants.contains { $0.object == "account" && $0.action == "create" && $0.scope == "own" })
            #expect(!other.grants.contains { $0.object == "role" && $0.action == "update" })
            await rep.close()
            await workspace.close()
        }

        @Test func nothingButSignInWorksWithoutASession() async throws {
            let steward = try await TestSteward.shared()
            let connection = try await steward.connect()
            for call in [
                { _ = try await connection.accounts.listAccounts(ListAccountsRequest()) },
                { _ = try await connection.deals.getBoard(GetBoardRequest()) },
                { _ = try await connection.authentication.getSelf(GetSelfRequest()) },
                { _ = try await connection.tenants.listTenants(ListTenantsRequest()) },
            ] as [@Sendable () async throws -> Void] {
                let error = try await refusal { try await call() }
                #expect(error.code == .unauthenticated)
                #expect(error.reason == "SESSION_REQUIRED")
            }
            let services = try await connection.reflection.listServices(ListServicesRequest()).services
            #expect(!services.isEmpty)
            await connection.close()
        }

        @Test func operatorsAndUsersKeepToTheirOwn() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let asUser = try await refusal {
                try await workspace.admin.tenants.listTenants(ListTenantsRequest())
            }
            #expect(asUser.code == .permissionDenied)
            #expect(asUser.reason == "OPERATOR_REQUIRED")
            let connection = try await steward.connectAsOperator()
            #expect(try await connection.authentication.getSelf(GetSelfRequest()).workspace == nil)
            let asOperator = try await refusal { try await connection.accounts.listAccounts(ListAccountsRequest()) }
            #expect(asOperator.code == .permissionDenied)
            #expect(asOperator.reason == "TENANT_USER_REQUIRED")
            await connection.close()
            await workspace.close()
        }

        @Test func aRefreshTokenIsGoodForOneSuccessor() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let connection = try await steward.connect()
            let first = try await connection.signIn(
                workspace: workspace.name, email: workspace.adminEmail, password: TestSteward.password)
            let token = try #require(first.refreshToken)
            let second = try await connection.refresh(token: token)
            #expect(second.sessionHandle != first.sessionHandle)
            #expect(second.refreshToken != first.refreshToken)
            #expect(try await connection.authentication.getSelf(GetSelfRequest()).userID == workspace.adminUserID)
            // A lost answer may be asked for again, and is the same.
            let again = try await connection.refresh(token: token)
            #expect(again.sessionHandle == second.sessionHandle)
            #expect(again.refreshToken == second.refreshToken)
            // Later, somebody else must have it.
            try await steward.database.run(
                "UPDATE directory.refresh_tokens SET replaced_at = replaced_at - interval '1 minute' WHERE replaced_at IS NOT NULL"
            )
            let reuse = try await refusal { try await connection.refresh(token: token) }
            #expect(reuse.code == .unauthenticated)
            #expect(reuse.reason == "REFRESH_TOKEN_REUSED")
            let successor = try #require(second.refreshToken)
            let family = try await refusal { try await connection.refresh(token: successor) }
            #expect(family.reason == "REFRESH_TOKEN_INVALID")
            try await eventually("the sessions of the family end", within: .seconds(5)) {
                do {
                    _ = try await connection.authentication.getSelf(GetSelfRequest())
                    return false
                } catch let error as RPCError where error.reason == "SESSION_INVALID" {
                    return true
                }
            }
            await connection.close()
            await workspace.close()
        }

        @Test func signOutEndsTheSessionOnEveryConnection() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let first = try await steward.connect()
            let session = try await first.signIn(
                workspace: workspace.name, email: workspace.adminEmail, password: TestSteward.password)
            let handle = try #require(session.sessionHandle)
            let second = try await steward.connect()
            try await second.attach(sessionHandle: handle)
            #expect(try await second.authentication.getSelf(GetSelfRequest()).userID == workspace.adminUserID)
            _ = try await first.authentication.signOut(SignOutRequest())
            for connection in [first, second] {
                try await eventually("the session ends", within: .seconds(5)) {
                    do {
                        _ = try await connection.accounts.listAccounts(ListAccountsRequest())
                        return false
                    } catch let error as RPCError where error.reason == "SESSION_INVALID" {
                        return error.code == .unauthenticated
                    }
                }
            }
            let late = try await refusal { try await second.attach(sessionHandle: handle) }
            #expect(late.reason == "SESSION_INVALID")
            #expect(try await workspace.admin.authentication.getSelf(GetSelfRequest()).email == workspace.adminEmail)
            await first.close()
            await second.close()
            await workspace.close()
        }

        @Test func expiredAndUnknownHandlesAreRefused() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            let connection = try await workspace.connectAsAdmin()
            let unknown = try await refusal {
                try await connection.attach(sessionHandle: [UInt8](repeating: 7, count: 32))
            }
            #expect(unknown.code == .unauthenticated)
            #expect(unknown.reason == "SESSION_INVALID")
            let short = try await refusal { try await connection.attach(sessionHandle: [1, 2, 3]) }
            #expect(short.code == .invalidArgument)
            #expect(short.fieldViolations.map(\.field) == ["session_handle"])

            let session = try await connection.signIn(
                workspace: workspace.name, email: workspace.adminEmail, password: TestSteward.password)
            try await steward.database.run(
                """
                UPDATE directory.sessions SET expires_at = now() - interval '1 second'
                WHERE tenant_id = '\(workspace.tenantID)'
                """)
            let handle = try #require(session.sessionHandle)
            let expired = try await refusal { try await connection.attach(sessionHandle: handle) }
            #expect(expired.code == .unauthenticated)
            #expect(expired.reason == "SESSION_INVALID")
            await connection.close()
            await workspace.close()
        }

        @Test func aNewPasswordEndsTheSessionsOfTheOldOne() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (user, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            _ = try await workspace.admin.users.setUserPassword(
                SetUserPasswordRequest(id: user.id, password: "another horse battery"))
            try await eventually("the session ends", within: .seconds(5)) {
                do {
                    _ = try await rep.authentication.getSelf(GetSelfRequest())
                    return false
                } catch let error as RPCError where error.reason == "SESSION_INVALID" {
                    return true
                }
            }
            let old = try await refusal { try await workspace.connect("rep@\(workspace.name).example") }
            #expect(old.reason == "SIGN_IN_FAILED")
            try await rep.signIn(
                workspace: workspace.name, email: "rep@\(workspace.name).example", password: "another horse battery")
            await rep.close()
            await workspace.close()
        }

        @Test func tenFailuresLockTheAccount() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            _ = try await workspace.makeUser("rep@\(workspace.name).example", roleIDs: [])
            let connection = try await steward.connect()
            var reasons: [String] = []
            for _ in 0..<10 {
                let error = try await refusal {
                    try await connection.signIn(
                        workspace: workspace.name, email: "rep@\(workspace.name).example", password: "wrong password")
                }
                reasons.append(error.reason)
            }
            #expect(reasons.allSatisfy { $0 == "SIGN_IN_FAILED" })
            let locked = try await refusal {
                try await connection.signIn(
                    workspace: workspace.name, email: "rep@\(workspace.name).example", password: TestSteward.password)
            }
            #expect(locked.code == .resourceExhausted)
            #expect(locked.reason == "SIGN_IN_LOCKED")
            #expect(locked.retryDelay.map { $0 > .zero && $0 <= .seconds(15 * 60) } == true)
            // Others sign in as before.
            await (try workspace.connectAsAdmin()).close()
            await connection.close()
            await workspace.close()
        }
    }
}
