import Credentials
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

struct SessionTests {
    private func client(_ identity: TestIdentity, _ caller: Caller? = nil) -> AuthenticationServiceClient {
        identity.authentication(as: caller)
    }

    @Test func signingOutEndsTheSession() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let other = try await identity.signIn(workspace.name)
            let caller = try await identity.resolve(session)
            _ = try await client(identity, caller).signOut(SignOutRequest())
            #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            #expect(
                try await reason {
                    try await client(identity).refreshSession(
                        RefreshSessionRequest(refreshToken: session.refreshToken))
                } == "REFRESH_TOKEN_INVALID")
            _ = try await identity.resolve(other)
        }
    }

    @Test func aLostAnswerIsGivenAgain() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let request = RefreshSessionRequest(refreshToken: session.refreshToken)
            let first = try await client(identity).refreshSession(request)
            let second = try await client(identity).refreshSession(request)
            #expect(first == second)
            let renewed = try #require(first.session)
            #expect(renewed.sessionHandle != session.sessionHandle)
            #expect(renewed.userID == workspace.adminID.description)
            _ = try await identity.resolve(renewed)
        }
    }

    @Test func anOldTokenEndsTheFamily() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let request = RefreshSessionRequest(refreshToken: session.refreshToken)
            let refreshed = try await client(identity).refreshSession(request)
            let renewed = try #require(refreshed.session)
            let digest = HexText.encode(TokenDigest.sha256(session.refreshToken ?? []))
            try await identity.tamper(
                """
                UPDATE directory.refresh_tokens SET replaced_at = replaced_at - interval '31 seconds'
                WHERE digest = decode('\(digest)', 'hex')
                """)
            #expect(try await reason { try await client(identity).refreshSession(request) } == "REFRESH_TOKEN_REUSED")
            #expect(try await reason { try await identity.resolve(renewed) } == "SESSION_INVALID")
            #expect(
                try await reason {
                    try await client(identity).refreshSession(
                        RefreshSessionRequest(refreshToken: renewed.refreshToken))
                } == "REFRESH_TOKEN_INVALID")
        }
    }

    @Test func tokensUsedAtOnceHaveOneSuccessor() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let request = RefreshSessionRequest(refreshToken: session.refreshToken)
            let handles = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await client(identity).refreshSession(request).session?.sessionHandle
                    }
                }
                return try await group.reduce(into: Set<[UInt8]?>()) { $0.insert($1) }
            }
            #expect(handles.count == 1)
        }
    }

    @Test func aNewPasswordEndsTheOtherSessions() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let other = try await identity.signIn(workspace.name)
            let own = client(identity, try await identity.resolve(session))
            #expect(
                try await reason {
                    try await own.changePassword(
                        ChangePasswordRequest(oldPassword: "wrong", newPassword: "a new password"))
                } == "PASSWORD_WRONG")
            _ = try await own.changePassword(
                ChangePasswordRequest(oldPassword: TestIdentity.adminPassword, newPassword: "a new password"))
            _ = try await identity.resolve(session)
            #expect(try await reason { try await identity.resolve(other) } == "SESSION_INVALID")
            #expect(try await reason { try await identity.signIn(workspace.name) } == "SIGN_IN_FAILED")
            _ = try await identity.signIn(workspace.name, "admin@example.com", "a new password")
        }
    }

    @Test func strangersHaveNoSession() async throws {
        try await onLoop { identity in
            for handle in [nil, [], [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 33)] {
                let refusal = try await reason { try await identity.resolve(Session(sessionHandle: handle)) }
                #expect(refusal == "SESSION_INVALID")
            }
        }
    }
}
