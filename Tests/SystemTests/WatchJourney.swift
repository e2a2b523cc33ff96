import Contracts
import CustomerContracts
import Foundation
import IdentityContracts
import RPC
import StewardClient
import Synchronization
import TestSteward
import Testing

extension SystemTests {
    /// Watches through the gateway: servers that go away, sessions and rights that end.
    @Suite(.serialized) struct WatchJourney {
        /// What a client is told that watches accounts and goes on by itself.
        private final class Picture: Sendable {
            private struct State {
                var names: [String: String] = [:]
                var versions: [String] = []
                var token: String?
                var interruptions: Set<String> = []
                var isWhole = false
            }

            private let state = Mutex(State())

            var names: Set<String> { state.withLock { Set($0.names.values) } }
            var versions: [String] { state.withLock { $0.versions } }
            var interruptions: Set<String> { state.withLock { $0.interruptions } }
            var isWhole: Bool { state.withLock { $0.isWhole } }

            /// Until the task is cancelled, or something ends the watch that does not pass.
            func follow(_ connection: StewardConnection) async throws {
                while !Task.isCancelled {
                    do {
                        let token = state.withLock { $0.token }
                        let stream = try await connection.accounts.watchAccounts(
                            WatchAccountsRequest(resumeToken: token))
                        while let response = try await stream.next() { take(response) }
                    } catch {
                        guard error.code == .unavailable else { throw error }
                        state.withLock { _ = $0.interruptions.insert(error.reason) }
                        try await Task.sleep(for: error.retryDelay ?? .milliseconds(20))
                    }
                }
            }

            private func take(_ response: WatchAccountsResponse) {
                state.withLock { state in
                    for account in response.records {
                        state.names[account.id ?? ""] = account.displayName
                        state.versions.append("\(account.id ?? "") \(account.version ?? 0)")
                    }
                    for id in response.goneIDs { state.names[id] = nil }
                    state.token = response.resumeToken ?? state.token
                    if response.snapshotEnd == true { state.isWhole = true }
                }
            }
        }

        private func write(_ connection: StewardConnection, _ name: String) async throws {
            // Sent again by itself until the server is back, and done once.
            try await eventually("\(name) is written") {
                let options = CallOptions(requestID: name)
                let request = CreateAccountRequest(record: Account(displayName: name))
                do {
                    _ = try await connection.accounts.createAccount(request, options: options)
                    return true
                } catch let error as RPCError where error.code == .unavailable {
                    return false
                }
            }
        }

        @Test func aWatchOutlivesItsServersAndLosesNothing() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let watcher = try await workspace.connectAsAdmin()
            let picture = Picture()
            let following = Task { try await picture.follow(watcher) }
            try await eventually("all is told that there is") { picture.isWhole }
            var expected: Set<String> = []
            for (round, program) in [steward.customer, steward.customer, steward.gateway].enumerated() {
                for number in 0..<10 {
                    let name = "account-\(round)-\(number)"
                    try await write(workspace.admin, name)
                    expected.insert(name)
                    guard number == 5 else { continue }
                    if round == 1 { try await program.stop() } else { try await program.kill() }
                    try await program.start()
                }
                let whole = expected
                try await eventually("round \(round) is told") { picture.names.isSuperset(of: whole) }
            }
            #expect(picture.names == expected)
            let versions = picture.versions
            #expect(versions.count == Set(versions).count)
            #expect(!picture.interruptions.isEmpty)
            following.cancel()
            _ = await following.result
            await watcher.close()
            await workspace.close()
            try await steward.stop()
        }

        /// The reason for which a watch ends after `cut`, and how long that takes.
        private func end(
            of connection: StewardConnection, after cut: () async throws -> Void
        ) async throws -> (RPCError, Duration) {
            let stream = try await connection.accounts.watchAccounts(WatchAccountsRequest())
            while try await stream.next()?.snapshotEnd != true {}
            try await cut()
            let begin = ContinuousClock.now
            let error = try await refusal { while try await stream.next() != nil {} }
            return (error, ContinuousClock.now - begin)
        }

        @Test func aSessionThatEndsEndsItsWatches() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let email = "rep@\(workspace.name).example"
            let (user, connection) = try await workspace.connect(as: email, roles: ["Sales rep"])
            let (signedOut, time) = try await end(of: connection) {
                _ = try await connection.authentication.signOut(SignOutRequest())
            }
            #expect(signedOut.code == .unauthenticated && signedOut.reason == "SESSION_INVALID")
            #expect(time < .seconds(3))
            let again = try await workspace.connect(email)
            let (disabled, wait) = try await end(of: again) {
                _ = try await workspace.admin.users.updateUser(
                    UpdateUserRequest(record: User(id: user.id, disabled: true), updateMask: ["disabled"]))
            }
            #expect([.unauthenticated, .permissionDenied].contains(disabled.code), "\(disabled)")
            #expect(wait < .seconds(3))
            await connection.close()
            await again.close()
            await workspace.close()
        }

        /// A session that is renewed on the same connection goes on with what it watches.
        @Test func aNewSessionOfTheSameUserKeepsTheWatch() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let connection = try await workspace.connectAsAdmin()
            let stream = try await connection.accounts.watchAccounts(WatchAccountsRequest())
            while try await stream.next()?.snapshotEnd != true {}
            try await connection.signIn(
                workspace: workspace.name, email: workspace.adminEmail, password: TestSteward.password)
            try await write(workspace.admin, "Acme")
            let told = try await stream.next()
            #expect(told?.records.map(\.displayName) == ["Acme"])
            _ = try await connection.authentication.signOut(SignOutRequest())
            let ended = try await refusal { while try await stream.next() != nil {} }
            #expect(ended.reason == "SESSION_INVALID")
            await connection.close()
            await workspace.close()
        }

        @Test func theCommandLineFollowsUntilItIsInterrupted() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            try await write(workspace.admin, "First")
            let watch = try tool.start("account", "watch", "--output", "json")
            try await eventually("it has begun") { try watch.outputSoFar().contains("snapshot_end") }
            try await write(workspace.admin, "Second")
            try await eventually("it tells") { try watch.outputSoFar().contains("Second") }
            try await steward.customer.stop()
            try await steward.customer.start()
            try await write(workspace.admin, "Third")
            try await eventually("it goes on") { try watch.outputSoFar().contains("Third") }
            watch.send(SIGINT)
            let result = try await watch.result()
            #expect(result.code == 0, "\(result.errors)")
            for name in ["First", "Second", "Third"] {
                let lines = result.lines.filter { $0.contains(name) }
                #expect(lines.count == 1)
            }
            #expect(!result.lines.contains { $0.contains("reset") })
            let token = result.lines.last { $0.contains("resume_token") }?.split(separator: "\"").last { $0.count > 20 }
            let resumed = try tool.start("account", "watch", "--resume", String(try #require(token)))
            try await write(workspace.admin, "Fourth")
            try await eventually("it goes on from the token") { try resumed.outputSoFar().contains("Fourth") }
            resumed.send(SIGINT)
            let rest = try await resumed.result()
            #expect(rest.lines.count == 1 && rest.code == 0, "\(rest.output)")
            await workspace.close()
            try await steward.stop()
        }
    }
}
