import Credentials
import IdentityContracts
import RPC
import Reactor
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing

@testable import IdentityService

struct SignInTests {
    @Test func everyFailureLooksTheSame() async throws {
        try await inWorkspace { identity, workspace in
            var failures: [RPCError] = []
            for (name, email, password) in [
                (workspace.name, "admin@example.com", "wrong password"),
                (workspace.name, "nobody@example.com", TestIdentity.adminPassword),
                ("w-no-such-workspace", "admin@example.com", TestIdentity.adminPassword),
                ("NOT A NAME", "admin@example.com", TestIdentity.adminPassword), (workspace.name, "", ""),
            ] {
                do {
                    _ = try await identity.signIn(name, email, password)
                    Issue.record("signed in as \(email)")
                } catch let error as RPCError {
                    failures.append(error)
                }
            }
            #expect(Set(failures.map(\.description)).count == 1)
            #expect(failures.allSatisfy { $0.reason == "SIGN_IN_FAILED" && $0.details.isEmpty })
            _ = try await identity.signIn(workspace.name, " Admin@Example.COM ")
        }
    }

    @Test func namesMayBeTypedInAnyCaseAndWithBlanks() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await identity.signIn(" \(workspace.name.uppercased())\t", " Admin@Example.COM ")
        }
    }

    /// A Mac sends an é of two characters, Windows one of one.
    @Test(arguments: [("cafe\u{301} au lait", "caf\u{e9} au lait"), ("caf\u{e9} au lait", "cafe\u{301} au lait")])
    func aPasswordIsTheSameFromEachKeyboard(set password: String, typed: String) async throws {
        try await inWorkspace { identity, workspace in
            _ = try await workspace.addUser("rep", password: password)
            for text in [password, typed] { _ = try await identity.signIn(workspace.name, "rep@example.com", text) }
            let caller = try await identity.resolve(identity.signIn(workspace.name, "rep@example.com", typed))
            _ = try await identity.authentication(as: caller).changePassword(
                ChangePasswordRequest(oldPassword: typed, newPassword: password + " encore"))
            _ = try await identity.signIn(workspace.name, "rep@example.com", typed + " encore")
            let email = "op-\(RecordID.make())@example.com"
            _ = try await identity.addOperator(email, password)
            _ = try await identity.signInOperator(email, typed)
        }
    }

    /// Hashes were made of what came, once.
    @Test func aPasswordThatWasStoredAsItCameStillOpens() async throws {
        try await inWorkspace { identity, workspace in
            let password = "cafe\u{301} au lait"
            let hash = try await identity.postgres.workers.run { try PasswordHash.make(password).encoded }
            try await identity.tamper("UPDATE \(workspace.schema).credentials SET password_hash = '\(hash)'")
            _ = try await identity.signIn(workspace.name, "admin@example.com", password)
        }
    }

    @Test func operatorsSignInWithoutAWorkspace() async throws {
        try await onLoop { identity in
            let email = "op-\(RecordID.make())@example.com"
            let created = try await identity.addOperator(email)
            let id = try #require(created)
            #expect(try await identity.addOperator(email) == nil)
            let session = try await identity.signInOperator(" \(email.uppercased())")
            let caller = try await identity.resolve(session)
            #expect(caller.kind == .operator)
            #expect(caller.userID == id)
            #expect(try await reason { try await identity.signInOperator(email, "wrong") } == "SIGN_IN_FAILED")
            let own = try await identity.authentication(as: caller).getSelf(
                GetSelfRequest())
            #expect(own.email == email)
            #expect(own.workspace == nil)
        }
    }
}
