import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Daily work and its mistakes leave nothing in logs and metrics that is a user's own: no password, no token, no record.
    @Suite(.serialized) struct LogSecrecyJourney {
        private let mark = "leakmark\(UInt32.random(in: 0 ... .max))"

        @Test func logsHoldNoValues() async throws {
            let steward = try await TestSteward.start(ownCluster: true)
            // Every statement counts as slow.
            try await steward.database.run("ALTER SYSTEM SET log_min_duration_statement = 0")
            try await steward.database.run("SELECT pg_reload_conf()")
            let workspace = try await steward.makeWorkspace()
            var secrets = [mark, TestSteward.password, "$argon2id", workspace.adminEmail]
            secrets += try await signInAndOut(workspace)
            try await keepRecords(workspace)
            let log = try steward.postgresLog()
            #expect(log.contains("duration: ") && log.contains("INSERT INTO") && log.contains("$1"))
            expectNone(of: secrets, in: log, "PostgreSQL's log")
            for program in steward.programs {
                expectNone(of: secrets, in: try program.log(), "the log of \(program.name)")
                expectNone(of: secrets, in: program.page("/metrics")?.body ?? "", "metrics of \(program.name)")
                expectNone(of: secrets, in: program.page("/readyz")?.body ?? "", "readiness of \(program.name)")
            }
            await workspace.close()
            try await steward.stop()
        }

        private func expectNone(of secrets: [String], in text: String, _ place: String) {
            for line in text.split(separator: "\n") {
                let found = secrets.filter { line.contains($0) }
                #expect(found.isEmpty, "\(place): \(line)")
            }
        }

        /// A user signs in, mistypes, changes the password, is renewed. Gives the tokens, as text.
        private func signInAndOut(_ workspace: TestWorkspace) async throws -> [String] {
            let email = "\(mark)@\(workspace.name).example"
            let user = try await workspace.makeUser(email, roleIDs: [try await workspace.roleID("Admin")])
            _ = try await refusal { try await workspace.makeUser(email, roleIDs: []) }
            let connection = try await workspace.steward.connect()
            let session = try await connection.signIn(
                workspace: workspace.name, email: email, password: TestSteward.password)
            for password in ["\(mark) wrong", "\(mark) wrong too"] {
                _ = try await refusal {
                    try await connection.signIn(workspace: workspace.name, email: email, password: password)
                }
            }
            _ = try await refusal {
                try await connection.signIn(workspace: mark, email: email, password: "\(mark) wrong")
            }
            _ = try await refusal {
                try await connection.authentication.changePassword(
                    ChangePasswordRequest(oldPassword: "\(mark) wrong", newPassword: "\(mark) new password"))
            }
            _ = try await workspace.admin.users.setUserPassword(
                SetUserPasswordRequest(id: user.id, password: "\(mark) new password"))
            _ = try await refusal {
                try await workspace.admin.users.setUserPassword(
                    SetUserPasswordRequest(id: user.id, password: String(repeating: mark, count: 20)))
            }
            try await connection.signIn(workspace: workspace.name, email: email, password: "\(mark) new password")
            await connection.close()
            return [session.sessionHandle, session.refreshToken].compactMap(\.self).map(hex)
        }

        private func hex(_ bytes: [UInt8]) -> String {
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }

        /// Records are made, found, refused for each reason that the database or its rules give.
        private func keepRecords(_ workspace: TestWorkspace) async throws {
            let accounts = workspace.admin.accounts
            let account = Account(
                displayName: "Firm \(mark)", externalID: "ext-\(mark)", taxID: "TAX\(mark)", description: "Note \(mark)"
            )
            let made = try #require(
                try await accounts.createAccount(
                    CreateAccountRequest(record: account), options: CallOptions(requestID: mark)
                ).record)
            // Taken, twice; a reference to nothing; a filter that is none; a version that is none.
            _ = try await refusal { try await accounts.createAccount(CreateAccountRequest(record: account)) }
            _ = try await refusal {
                try await accounts.createAccount(
                    CreateAccountRequest(
                        record: Account(displayName: mark, parentAccountID: workspace.adminUserID)))
            }
            _ = try await accounts.listAccounts(ListAccountsRequest(filterExpression: "description ~ \"\(mark)\""))
            for filter in ["description ~ \"\(mark)", "no_field = \"\(mark)\"", "create_time > \"\(mark)\""] {
                _ = try await refusal {
                    try await accounts.listAccounts(ListAccountsRequest(filterExpression: filter))
                }
            }
            _ = try await refusal { try await accounts.listAccounts(ListAccountsRequest(pageToken: mark)) }
            _ = try await refusal {
                try await accounts.updateAccount(
                    UpdateAccountRequest(record: Account(id: made.id, version: 99, displayName: "\(mark)\u{0}")))
            }
            _ = try await workspace.admin.contacts.createContact(
                CreateContactRequest(record: Contact(givenName: mark, familyName: mark)))
            _ = try await workspace.admin.activities.createActivity(
                CreateActivityRequest(record: Activity(kind: .note, subject: "Call \(mark)", accountID: made.id)))
            _ = try await workspace.admin.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "Deal \(mark)", accountID: made.id)))
            _ = try await workspace.admin.accounts.deleteAccount(DeleteAccountRequest(id: made.id))
        }
    }
}
