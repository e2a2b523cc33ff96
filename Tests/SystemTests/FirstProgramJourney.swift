import Contracts
import CustomerContracts
import Foundation
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// The program that Sources/StewardClient/README.md begins with, line for line; ArchitectureTests compares them.
    struct FirstProgramJourney {
        private func firstProgram(
            _ address: String, _ trustRoots: String, _ workspace: String, _ email: String, _ password: String
        ) async throws {
            let steward = try await StewardConnection.connect(to: address, trustRoots: trustRoots)
            try await steward.signIn(workspace: workspace, email: email, password: password)

            // A write with a request id may be sent again until an answer comes: it is done once.
            let options = CallOptions(timeout: .seconds(5), requestID: UUID().uuidString)
            let created = try await steward.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Acme Ltd")), options: options)
            print("created", created.record?.id ?? "")

            do {
                _ = try await steward.accounts.getAccount(GetAccountRequest(id: UUID().uuidString))
            } catch Reason.recordNotFound {
                print("there is no such account")
            } catch {
                print("\(error.code) \(error.reason): \(error.message)")
            }

            // Calls go side by side on one connection.
            async let accounts = steward.accounts.listAccounts(ListAccountsRequest(pageSize: 10))
            async let contacts = steward.contacts.listContacts(ListContactsRequest(pageSize: 10))
            print(try await accounts.records.count, try await contacts.records.count)

            // A stream is an async sequence; leaving the loop ends the call.
            for try await news in try await steward.health.watchHealth(WatchHealthRequest()) {
                print("the gateway is", news.state?.rawValue ?? 0)
                break
            }
            await steward.close()
        }

        @Test func theFirstProgramRuns() async throws {
            let steward = try await TestSteward.shared()
            let workspace = try await steward.makeWorkspace()
            try await firstProgram(
                steward.address, steward.trustRoots, workspace.name, workspace.adminEmail, TestSteward.password)
            let page = try await workspace.admin.accounts.listAccounts(ListAccountsRequest())
            #expect(page.records.map(\.displayName) == ["Acme Ltd"])
            await workspace.admin.close()
        }

        /// A session outlives its connections: they are dropped from outside, and the next call and the next stream work.
        @Test func aClosedConnectionSaysSo() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            await workspace.admin.close()
            await workspace.admin.close()
            let error = await #expect(throws: RPCError.self) {
                _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest())
            }
            #expect(error?.reason == "CLIENT_CLOSED")
        }

        @Test func aSessionIsAttachedToEachConnection() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let admin = workspace.admin
            try await steward.gateway.kill()
            try await steward.gateway.start()
            _ = try await admin.accounts.listAccounts(
                ListAccountsRequest(), options: CallOptions(timeout: .seconds(20), waitForReady: true))
            let error = await #expect(throws: RPCError.self) {
                try await admin.attach(sessionHandle: [UInt8](repeating: 7, count: 32))
            }
            #expect(error.map { Reason.sessionInvalid ~= $0 } == true)
            // The session before is still there.
            _ = try await admin.accounts.listAccounts(ListAccountsRequest())
            await admin.close()
            try await steward.stop()
        }
    }
}
