import Credentials
import Foundation
import IdentityContracts
import RPC
import Reactor
import Tenancy
import TenantDatabase
import TestPostgres
import TestService
import Testing
import Wire

@testable import IdentityService

/// The lock against guessing passwords. Those that count evaluations have an identity of their own.
struct SignInLockTests {
    private static let email = "admin@example.com"
    private static let wrong = "a wrong password"

    private func network() -> String { "test-\(RecordID.make())" }

    private func guess(_ count: Int, _ workspace: Workspace, from address: String) async throws -> [String?] {
        var reasons: [String?] = []
        for _ in 0..<count {
            reasons.append(
                try await reason {
                    try await workspace.identity.signIn(
                        workspace.name, SignInLockTests.email, SignInLockTests.wrong, address: address)
                })
        }
        return reasons
    }

    /// Notes failures without the time of hashing.
    private func note(_ count: Int, _ counters: [SignInCounter], _ identity: TestIdentity) async throws {
        let signInGuard = SignInGuard(directory: identity.identity.directory)
        for _ in 0..<count { try await signInGuard.record(counters, deadline: .after(.seconds(5))) }
    }

    private func attempt(_ workspace: Workspace, from address: String) -> SignInAttempt {
        SignInAttempt(
            .user(workspace: workspace.name, email: SignInLockTests.email),
            from: ClientNetwork(address: address))
    }

    @Test func tenFailuresLockTheAccountInTheirNetworkAndNoOther() async throws {
        try await inWorkspace { identity, workspace in
            _ = try await workspace.addUser("other", password: TestIdentity.adminPassword)
            let here = network()
            #expect(try await guess(10, workspace, from: here) == Array(repeating: "SIGN_IN_FAILED", count: 10))
            do {
                _ = try await identity.signIn(workspace.name, address: here)
                Issue.record("the lock does not hold")
            } catch let error as RPCError {
                #expect(error.reason == "SIGN_IN_LOCKED")
                #expect(error.message.contains("15 minutes"))
                #expect(error.retryDelay.map { $0 > .seconds(14 * 60) && $0 <= .seconds(15 * 60) } == true)
            }
            _ = try await identity.signIn(workspace.name, "other@example.com", address: here)
            _ = try await identity.signIn(workspace.name, address: network())
        }
    }

    @Test func successForgetsFailures() async throws {
        try await inWorkspace { identity, workspace in
            let here = network()
            for _ in 0..<2 {
                _ = try await guess(9, workspace, from: here)
                _ = try await identity.signIn(workspace.name, address: here)
            }
        }
    }

    @Test func manyNetworksLockOutStrangersOnly() async throws {
        try await inWorkspace { identity, workspace in
            let home = network()
            _ = try await identity.signIn(workspace.name, address: home)
            for _ in 0..<5 {
                let counters = attempt(workspace, from: network()).counters
                try await note(10, [counters.account, counters.strangers], identity)
            }
            #expect(
                try await reason { try await identity.signIn(workspace.name, address: network()) }
                    == "SIGN_IN_LOCKED")
            _ = try await identity.signIn(workspace.name, address: home)
            // Being known excuses from the guesses of others, not from one's own.
            #expect(try await guess(11, workspace, from: home).last == "SIGN_IN_LOCKED")
        }
    }

    @Test func aNewPasswordMakesNetworksStrange() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("rep", password: TestIdentity.adminPassword)
            let home = network()
            _ = try await identity.signIn(workspace.name, "rep@example.com", address: home)
            _ = try await workspace.users().setUserPassword(
                SetUserPasswordRequest(id: user.description, password: TestIdentity.adminPassword))
            let account = SignInAccount.user(workspace: workspace.name, email: "rep@example.com")
            let counters = SignInAttempt(account, from: ClientNetwork(address: network())).counters
            try await note(50, [counters.strangers], identity)
            #expect(
                try await reason {
                    try await identity.signIn(workspace.name, "rep@example.com", address: home)
                } == "SIGN_IN_LOCKED")
        }
    }

    @Test func aNetworkThatGuessesEverywhereIsLocked() async throws {
        try await inWorkspace { identity, workspace in
            let here = network()
            let counter = attempt(workspace, from: here).counters.network
            try await note(99, [counter], identity)
            _ = try await identity.signIn(workspace.name, address: here)
            try await note(1, [counter], identity)
            #expect(try await reason { try await identity.signIn(workspace.name, address: here) } == "SIGN_IN_LOCKED")
            _ = try await identity.signIn(workspace.name, address: network())
        }
    }

    @Test func aUserOfNoWorkspaceCannotLockAnOperator() async throws {
        try await onLoop { identity in
            let email = "op-\(RecordID.make())@example.com"
            _ = try await identity.addOperator(email)
            let here = network()
            for _ in 0..<10 {
                _ = try await reason { try await identity.signIn("", email, "wrong", address: here) }
            }
            _ = try await identity.signInOperator(email, address: here)
        }
    }

    // MARK: What refusals tell

    @Test func everyRefusalEvaluatesOnePassword() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            _ = try await workspace.addUser("nopassword")
            let disabled = try await workspace.addUser("disabled", password: TestIdentity.adminPassword)
            try await workspace.update(User(id: disabled.description, disabled: true), ["disabled"])
            let suspended = try await identity.openWorkspace()
            _ = try await identity.operators
                .suspendTenant(SuspendTenantRequest(id: suspended.id.description))
            let password = TestIdentity.adminPassword
            for (name, email, password) in [
                (workspace.name, SignInLockTests.email, SignInLockTests.wrong),
                (workspace.name, SignInLockTests.email, ""),
                (workspace.name, SignInLockTests.email, String(repeating: "x", count: 2_000)),
                (workspace.name, "nobody@example.com", password),
                (workspace.name, "nopassword@example.com", password),
                (workspace.name, "disabled@example.com", password),
                (suspended.name, SignInLockTests.email, password),
                ("w-no-such-workspace", SignInLockTests.email, password), ("NOT A NAME", "", password),
            ] {
                let before = identity.evaluations.count
                #expect(try await reason { try await identity.signIn(name, email, password) } == "SIGN_IN_FAILED")
                #expect(identity.evaluations.count == before + 1, "\(name) \(email)")
            }
            let before = identity.evaluations.count
            #expect(try await reason { try await identity.signInOperator("nobody@example.com") } == "SIGN_IN_FAILED")
            #expect(identity.evaluations.count == before + 1)
        }
    }

    @Test func aLockedAccountTellsNothingOfThePassword() async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let here = network()
            try await note(10, [attempt(workspace, from: here).counters.account], identity)
            let before = identity.evaluations.count
            var texts: Set<String> = []
            for password in [TestIdentity.adminPassword, SignInLockTests.wrong] {
                do {
                    _ = try await identity.signIn(workspace.name, SignInLockTests.email, password, address: here)
                } catch let error as RPCError {
                    texts.insert(error.description)
                }
            }
            #expect(texts.count == 1)
            #expect(identity.evaluations.count == before)
        }
    }

    /// While a password is checked, another instance of identity notes the failures that lock the account. The right
    /// password is refused then, and noted, as a wrong one is.
    @Test(arguments: [TestIdentity.adminPassword, wrong])
    func theLockIsLookedAtAfterTheCheckAsWell(_ password: String) async throws {
        try await inWorkspace { identity, workspace in
            let attempt = attempt(workspace, from: network())
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            let mayGoOn = DispatchSemaphore(value: 0)
            let hasher = try PasswordHasher(workers: identity.postgres.workers) {
                beginning.yield()
                mayGoOn.wait()
            }
            let signInGuard = SignInGuard(directory: identity.identity.directory)
            let check = PasswordCheck(signInGuard: signInGuard, hasher: hasher)
            let stored = try await identity.passwordHash(of: workspace)
            let result = Task(executorPreference: identity.postgres.loops.loops[0]) {
                try await reason {
                    try await check.run(Password(password), attempt, identity.context()) {
                        PasswordHolder(
                            owner: SessionOwner(tenantID: workspace.id, userID: workspace.adminID),
                            email: SignInLockTests.email, passwordHash: stored, knownNetworks: [])
                    }
                }
            }
            for await _ in begun { break }
            try await note(10, [attempt.counters.account], identity)
            mayGoOn.signal()
            #expect(try await result.value == "SIGN_IN_LOCKED")
            #expect(try await noted(attempt, identity) == 11)
        }
    }

    /// How many guesses at the account are noted.
    private func noted(_ attempt: SignInAttempt, _ identity: TestIdentity) async throws -> Int {
        let key = HexText.encode(attempt.counters.account.key)
        return try await identity.count(
            """
            SELECT coalesce(sum(cardinality(failed_at)), 0) FROM directory.sign_in_failures
            WHERE key = decode('\(key)', 'hex')
            """)
    }

    /// A guess counts when its caller is gone before it was evaluated: else short timeouts would make guesses that nobody counts.
    @Test func aGuessWhoseCallerGaveUpCounts() async throws {
        try await inWorkspace { identity, workspace in
            let attempt = attempt(workspace, from: network())
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            let mayGoOn = DispatchSemaphore(value: 0)
            let hasher = try PasswordHasher(workers: identity.postgres.workers) {
                beginning.yield()
                mayGoOn.wait()
            }
            let check = PasswordCheck(
                signInGuard: SignInGuard(directory: identity.identity.directory), hasher: hasher)
            let result = Task(executorPreference: identity.postgres.loops.loops[0]) {
                try await reason {
                    try await check.run(Password(SignInLockTests.wrong), attempt, identity.context()) { nil }
                }
            }
            for await _ in begun { break }
            result.cancel()
            mayGoOn.signal()
            _ = await result.result
            #expect(try await noted(attempt, identity) == 1)
        }
    }

    // MARK: Guesses made at once

    @Test(arguments: [true, false])
    func guessesMadeAtOnceEvaluateTenPasswords(fromOneNetwork: Bool) async throws {
        try await inWorkspace(ofItsOwn: true) { identity, workspace in
            let here = network()
            let before = identity.evaluations.count
            let reasons = try await withThrowingTaskGroup(of: String?.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        try await reason {
                            try await identity.signIn(
                                workspace.name, SignInLockTests.email, SignInLockTests.wrong,
                                address: fromOneNetwork ? here : network())
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(identity.evaluations.count - before <= 10)
            #expect((1...10).contains(reasons.filter { $0 == "SIGN_IN_FAILED" }.count))
            #expect(reasons.allSatisfy { $0 == "SIGN_IN_FAILED" || $0 == "SIGN_IN_LOCKED" })
        }
    }

    // MARK: A flood from many addresses

    /// Each of 100 addresses guesses anew as soon as it is refused, some 600 times a second in all, and one thread checks 40. Newcomers from
    /// elsewhere are served, and whoever is known is.
    @Test func othersAreServedWhileAHundredAddressesFlood() async throws {
        try await onLoop { identity in
            let loop = identity.postgres.loops.loops[0]
            let workspace = try await identity.openWorkspace()
            let stored = try await identity.passwordHash(of: workspace)
            let workers = try WorkerPool(threadCount: 1, queueCountMax: 1, name: "flooded")
            let (evaluated, evaluating) = AsyncStream.makeStream(of: Void.self)
            let check = PasswordCheck(
                signInGuard: SignInGuard(directory: identity.identity.directory),
                hasher: try PasswordHasher(workers: workers) { evaluating.yield() })
            let city = Int.random(in: 1_000...9_999)
            let flood = (0..<100).map { number in
                Task(executorPreference: loop) {
                    let network = ClientNetwork(address: "2001:\(number % 15):\(number):\(city)::1")
                    for guess in 0... {
                        let account = SignInAccount.user(
                            workspace: workspace.name, email: "u\(guess).\(number)@example.com")
                        _ = try? await check.run(
                            Password(SignInLockTests.wrong), SignInAttempt(account, from: network), identity.context()
                        ) { nil }
                        if Task.isCancelled { break }
                    }
                }
            }
            for await _ in evaluated.prefix(30) {}
            for number in 0..<8 {
                let attempt = attempt(workspace, from: "2002:\(number):\(city)::1")
                let owner = SessionOwner(tenantID: workspace.id, userID: workspace.adminID)
                let known = number.isMultiple(of: 2) ? [] : [attempt.network.digest(for: owner.userID)]
                _ = try await check.run(Password(TestIdentity.adminPassword), attempt, identity.context()) {
                    PasswordHolder(
                        owner: owner, email: SignInLockTests.email, passwordHash: stored, knownNetworks: known)
                }
            }
            for task in flood { task.cancel() }
            for task in flood { await task.value }
            try await identity.postgres.workers.run { workers.shutdown() }
        }
    }

    // MARK: Help

    @Test func anAdminsNewPasswordLiftsTheLock() async throws {
        try await inWorkspace { identity, workspace in
            let user = try await workspace.addUser("rep", password: TestIdentity.adminPassword)
            let here = network()
            let account = SignInAccount.user(workspace: workspace.name, email: "rep@example.com")
            let counters = SignInAttempt(account, from: ClientNetwork(address: here)).counters
            try await note(50, [counters.account, counters.strangers], identity)
            func signIn() async throws {
                _ = try await identity.signIn(
                    workspace.name, "rep@example.com", "another password", address: here)
            }
            #expect(try await reason { try await signIn() } == "SIGN_IN_LOCKED")
            _ = try await workspace.users().setUserPassword(
                SetUserPasswordRequest(id: user.description, password: "another password"))
            try await signIn()
        }
    }
}
