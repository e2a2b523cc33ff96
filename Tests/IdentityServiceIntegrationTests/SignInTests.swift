import Contracts
import RPC
import Tenancy
import TenantDatabase
import TestPostgres
import Testing

@testable import IdentityService

struct SignInTests {
    @Test func everyFailureLooksTheSame() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
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

    @Test func tenFailuresLockTheAccountAndNoOther() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            _ = try await workspace.addUser("other", password: TestIdentity.adminPassword)
            for _ in 0..<10 {
                #expect(
                    try await reason {
                        _ = try await identity.signIn(workspace.name, "admin@example.com", "wrong")
                    }
                        == "SIGN_IN_FAILED")
            }
            #expect(try await reason { _ = try await identity.signIn(workspace.name) } == "SIGN_IN_LOCKED")
            _ = try await identity.signIn(workspace.name, "other@example.com")
        }
    }

    @Test func guessesMadeAtOnceDoNotPassTheLock() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            let reasons = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        try await reason {
                            _ = try await identity.signIn(workspace.name, "admin@example.com", "wrong")
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reasons.filter { $0 == "SIGN_IN_FAILED" }.count == 10)
            #expect(reasons.filter { $0 == "SIGN_IN_LOCKED" }.count == 20)
        }
    }

    @Test func successForgetsFailures() async throws {
        try await onLoop { identity in
            let workspace = try await identity.openWorkspace()
            for _ in 0..<2 {
                for _ in 0..<9 {
                    _ = try await reason {
                        _ = try await identity.signIn(workspace.name, "admin@example.com", "wrong")
                    }
                }
                _ = try await identity.signIn(workspace.name)
            }
        }
    }

    @Test func anAddressThatGuessesEverywhereIsLocked() async throws {
        try await onLoop { identity in
            var lock = SignInGuard(directory: identity.identity.directory)
            lock.address = SignInLockout(failuresMax: 3, window: .seconds(900))
            let address = "test-\(RecordID.make())"
            func attempt(_ address: String) -> SignInGuard.Attempt {
                SignInGuard.Attempt(workspace: "w", email: "\(RecordID.make())@example.com", address: address)
            }
            for _ in 0..<3 {
                try await lock.admit(attempt(address), deadline: .after(.seconds(5)))
                let failure = try await lock.failure(attempt(address), deadline: .after(.seconds(5)))
                #expect(failure.reason == "SIGN_IN_FAILED")
            }
            let refusal = try await reason {
                try await lock.admit(attempt(address), deadline: .after(.seconds(5)))
            }
            #expect(refusal == "SIGN_IN_LOCKED")
            try await lock.admit(attempt("test-\(RecordID.make())"), deadline: .after(.seconds(5)))
        }
    }

    @Test func operatorsSignInWithoutAWorkspace() async throws {
        try await onLoop { identity in
            let email = "op-\(RecordID.make())@example.com"
            let database = identity.identity.directory.database
            func create() async throws -> UserID? {
                try await createOperator(
                    email: email, displayName: "Op", password: TestIdentity.adminPassword, in: database,
                    workers: identity.postgres.workers)
            }
            let created = try await create()
            let id = try #require(created)
            #expect(try await create() == nil)
            let client = AuthenticationServiceClient(channel: identity.channel(as: nil))
            let response = try await client.signInOperator(
                SignInOperatorRequest(email: email, password: TestIdentity.adminPassword))
            let session = try #require(response.session)
            let caller = try await identity.resolve(session)
            #expect(caller.kind == .operator)
            #expect(caller.userID == id)
            #expect(
                try await reason {
                    _ = try await client.signInOperator(
                        SignInOperatorRequest(email: email, password: "wrong"))
                } == "SIGN_IN_FAILED")
            let own = try await AuthenticationServiceClient(channel: identity.channel(as: caller)).getSelf(
                GetSelfRequest())
            #expect(own.email == email)
            #expect(own.workspace == nil)
        }
    }
}
