import Credentials
import IdentityContracts
import Postgres
import RPC
import Tenancy
import TestPostgres
import TestService
import Testing

@testable import IdentityService

/// The ends of sessions that nobody can run ahead of.
struct SessionEndTests {
    /// Suspending revokes sessions as well; here the tenant's state alone says no.
    @Test func aSessionOfATenantThatIsNotActiveIsNone() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            func setState(_ state: Int) async throws {
                try await identity.tamper("UPDATE directory.tenants SET state = \(state) WHERE id = '\(workspace.id)'")
            }
            for state in [1, 3] {
                try await setState(state)
                #expect(try await reason { try await identity.resolve(session) } == "SESSION_INVALID")
            }
            try await setState(2)
            _ = try await identity.resolve(session)
        }
    }

    /// Signing out while the session is renewed: the renewal holds its token, and what it makes is ended as well.
    @Test func signingOutEndsARenewalThatIsUnderWay() async throws {
        try await inWorkspace { identity, workspace in
            let session = try await identity.signIn(workspace.name)
            let caller = try await identity.resolve(session)
            let token = try #require(session.refreshToken)
            let digest = TokenDigest.sha256(token)
            var signOut: Task<Void, any Error>?
            let renewed = try await identity.identity.directory.transaction(deadline: .after(.seconds(30))) {
                transaction in
                // As RefreshSession does it, with the sign-out in its midst.
                let rows = try await transaction.query(RefreshTokenTable.lock(digest: digest))
                let known = try RefreshTokenRow(rows.one())
                signOut = identity.postgres.start {
                    _ = try await identity.authentication(as: caller).signOut(
                        SignOutRequest())
                }
                let waits = try await identity.postgres.waitsForLock("UPDATE directory.refresh_tokens SET revoked_at")
                #expect(waits)
                let issued = try await SessionIssuer().issue(known.owner, family: known.family, in: transaction)
                return issued.message
            }
            try await signOut?.value
            #expect(try await reason { try await identity.resolve(renewed) } == "SESSION_INVALID")
            let again = try await reason {
                try await identity.authentication().refreshSession(
                    RefreshSessionRequest(refreshToken: renewed.refreshToken))
            }
            #expect(again == "REFRESH_TOKEN_INVALID")
        }
    }
}
