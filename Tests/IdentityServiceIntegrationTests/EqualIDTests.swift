import Contracts
import IdentityContracts
import RPC
import Tenancy
import TestService
import Testing

@testable import IdentityService

/// Whoever creates a user may choose the id, so users of two workspaces and an operator may have the same one. Whatever is
/// done to one of them, the sessions of the others go on.
struct EqualIDTests {
    static let password = "a good password"
    static let email = "twin@example.com"

    /// Three with the same id: a user of each workspace, and an operator. All are signed in.
    private struct Twins {
        let identity: TestIdentity
        let id: UserID
        let near: Workspace
        let far: Workspace
        let nearSession: Session
        let farSession: Session
        let operatorSession: Session

        init(_ identity: TestIdentity) async throws {
            self.identity = identity
            far = try await identity.openWorkspace()
            near = try await identity.openWorkspace()
            id = try await far.addUser("twin", roles: ["Reader"], password: EqualIDTests.password)
            let created = try await near.create(
                User(id: id.description, email: EqualIDTests.email, displayName: "Twin"))
            #expect(created.id == id.description)
            operatorSession = try await Twins.operatorSession(identity, id)
            farSession = try await identity.signIn(far.name, EqualIDTests.email, EqualIDTests.password)
            _ = try await near.users().setUserPassword(
                SetUserPasswordRequest(id: id.description, password: EqualIDTests.password))
            nearSession = try await identity.signIn(near.name, EqualIDTests.email, EqualIDTests.password)
        }

        private static func operatorSession(_ identity: TestIdentity, _ id: UserID) async throws -> Session {
            let email = "op-\(id)@example.com"
            _ = try await identity.addOperator(email, EqualIDTests.password)
            try await identity.tamper("UPDATE directory.operators SET id = '\(id)' WHERE email = '\(email)'")
            return try await identity.signInOperator(email, EqualIDTests.password)
        }

        func authentication(_ session: Session?) async throws -> AuthenticationServiceClient {
            var caller: Caller?
            if let session { caller = try await identity.resolve(session) }
            return identity.authentication(as: caller)
        }

        /// Whether the session can be used, and renewed.
        func lives(_ session: Session) async throws -> Bool {
            guard try await reason({ _ = try await identity.resolve(session) }) == nil else { return false }
            let renewed = try await reason {
                try await authentication(nil).refreshSession(
                    RefreshSessionRequest(refreshToken: session.refreshToken))
            }
            return renewed == nil
        }
    }

    /// What can be done to a user, each by its name.
    private static let deeds: [(String, @Sendable (Twins) async throws -> Void)] = [
        (
            "set password",
            { twins in
                _ = try await twins.near.users().setUserPassword(
                    SetUserPasswordRequest(id: twins.id.description, password: "another password"))
            }
        ),
        (
            "disable",
            { twins in
                _ = try await twins.near.update(User(id: twins.id.description, disabled: true), ["disabled"])
            }
        ),
        (
            "delete and restore",
            { twins in
                _ = try await twins.near.users().deleteUser(DeleteUserRequest(id: twins.id.description))
                _ = try await twins.near.restore(User.self, twins.id.description)
            }
        ),
        (
            "change password",
            { twins in
                _ = try await twins.identity.signIn(twins.near.name, email, password)
                _ = try await twins.authentication(twins.nearSession).changePassword(
                    ChangePasswordRequest(oldPassword: password, newPassword: "another password"))
            }
        ),
        (
            "sign out",
            { twins in
                _ = try await twins.authentication(twins.nearSession).signOut(SignOutRequest())
            }
        ),
        (
            "refresh an old token",
            { twins in
                let client = try await twins.authentication(nil)
                let request = RefreshSessionRequest(refreshToken: twins.nearSession.refreshToken)
                _ = try await client.refreshSession(request)
                try await twins.identity.tamper(
                    """
                    UPDATE directory.refresh_tokens SET replaced_at = replaced_at - interval '31 seconds'
                    WHERE tenant_id = '\(twins.near.id)'
                    """)
                #expect(try await reason { try await client.refreshSession(request) } == "REFRESH_TOKEN_REUSED")
            }
        ),
        (
            "suspend the tenant",
            { twins in
                _ = try await TenantServiceClient(
                    channel: twins.identity.channel(as: twins.identity.operatorCaller)
                ).suspendTenant(SuspendTenantRequest(id: twins.near.id.description))
            }
        ),
    ]

    @Test(arguments: deeds.indices)
    func whatIsDoneToOneLeavesTheOthers(_ index: Int) async throws {
        try await onLoop { identity in
            let twins = try await Twins(identity)
            let (name, deed) = EqualIDTests.deeds[index]
            try await deed(twins)
            #expect(try await twins.lives(twins.farSession), "\(name) ends the session of another workspace's user")
            #expect(try await twins.lives(twins.operatorSession), "\(name) ends the session of an operator")
        }
    }

    @Test func anOperatorsNewPasswordLeavesTheUsers() async throws {
        try await onLoop { identity in
            let twins = try await Twins(identity)
            _ = try await twins.authentication(twins.operatorSession).changePassword(
                ChangePasswordRequest(oldPassword: EqualIDTests.password, newPassword: "another password"))
            #expect(try await twins.lives(twins.farSession))
            #expect(try await twins.lives(twins.nearSession))
            #expect(try await twins.lives(twins.operatorSession))
        }
    }
}
