import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// A colleague leaves and nobody loses a customer.
    @Suite(.serialized) struct LeavingJourney {
        private static let accounts = 1_200
        private static let contacts = 300
        private static let deals = 40

        /// Ann's world: accounts, contacts, deals of which ten are won, a call of yesterday and a meeting of tomorrow.
        private func fill(_ ann: StewardConnection) async throws {
            var account: String?
            for first in stride(from: 0, to: Self.accounts, by: 400) {
                let made = try await ann.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(
                        records: (first..<first + 400).map { Account(displayName: "Account \($0)") }))
                account = made.records.first?.id
            }
            _ = try await ann.contacts.batchCreateContacts(
                BatchCreateContactsRequest(
                    records: (0..<Self.contacts).map { Contact(familyName: "Contact \($0)") }))
            let deals = try await ann.deals.batchCreateDeals(
                BatchCreateDealsRequest(
                    records: (0..<Self.deals).map { Deal(displayName: "Deal \($0)", accountID: account) }))
            let won = try await ann.stages.listStages(
                ListStagesRequest(filterExpression: "category = won")
            ).records.first?.id
            for deal in deals.records.prefix(10) {
                _ = try await ann.deals.moveDealStage(
                    MoveDealStageRequest(id: deal.id, stageID: won, version: deal.version))
            }
            for (subject, days) in [("yesterday", -1), ("tomorrow", 1)] {
                _ = try await ann.activities.createActivity(
                    CreateActivityRequest(
                        record: Activity(
                            kind: .call, subject: subject, occurTime: .now().advanced(by: .seconds(86_400 * days)))))
            }
        }

        private func count(
            _ table: String, of owner: String?, _ service: ServiceName, _ workspace: TestWorkspace
        ) async throws -> Int {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
            let rows = try await workspace.steward.database.rows(
                "SELECT count(*)::text FROM \(schema).\(table) WHERE owner_id = '\(owner ?? "")'")
            return Int(rows[0][0] ?? "") ?? -1
        }

        /// Changes of owners in the ledger: all, and of how many records.
        private func changes(_ service: ServiceName, _ workspace: TestWorkspace) async throws -> [String?] {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: service)).name
            return try await workspace.steward.database.rows(
                """
                SELECT count(*)::text, count(DISTINCT record_id)::text FROM \(schema).ledger
                WHERE purpose = 'change_matching' AND on_behalf_of_id = '\(workspace.adminUserID)'
                """)[0]
        }

        @Test func aColleagueLeavesAndNobodyLosesACustomer() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            let ann = try await workspace.connect(as: "ann@acme.example", roles: ["Sales manager"])
            let bob = try await workspace.connect(as: "bob@acme.example", roles: ["Sales rep"])
            try await fill(ann.connection)

            let preview = try await tool.run(
                "user", "deactivate", "ann@acme.example", "--to", "bob@acme.example", "--preview", "--output", "csv")
            #expect(preview.code == 0, "\(preview)")
            for line in ["account,customer,1200", "activity,customer,1", "contact,customer,300", "deal,sales,30"] {
                #expect(preview.output.contains(line), "\(preview.output)")
            }

            let leaving = try await tool.run("user", "deactivate", "ann@acme.example", "--to", "bob@acme.example")
            #expect(leaving.code == 0 && leaving.output.contains("steward job watch"), "\(leaving)")
            try await eventually("Ann is signed out", within: .seconds(3)) {
                do {
                    _ = try await ann.connection.accounts.listAccounts(ListAccountsRequest(pageSize: 1))
                    return false
                } catch is RPCError {
                    return true
                }
            }
            try await eventually("the handover has begun") {
                try await count("accounts", of: bob.user.id, .customer, workspace) > 0
            }
            try await steward.customer.kill()
            try await steward.customer.start()

            let job = try #require(leaving.output.split(separator: " ").compactMap { RecordID(String($0)) }.first).text
            let watched = try await tool.run("job", "watch", job, "--output", "json")
            #expect(watched.code == 0 && watched.output.contains("DONE"), "\(watched)")
            #expect(try await count("accounts", of: bob.user.id, .customer, workspace) == Self.accounts)
            #expect(try await count("accounts", of: ann.user.id, .customer, workspace) == 0)
            #expect(try await count("contacts", of: bob.user.id, .customer, workspace) == Self.contacts)
            #expect(try await count("deals", of: bob.user.id, .sales, workspace) == 30)
            #expect(try await count("deals", of: ann.user.id, .sales, workspace) == 10)
            #expect(try await count("activities", of: bob.user.id, .customer, workspace) == 1)
            // Nothing twice: each record changed its owner once, kill or no kill.
            let moved = "\(Self.accounts + Self.contacts + 1)"
            #expect(try await changes(.customer, workspace) == [moved, moved])
            #expect(try await changes(.sales, workspace) == ["30", "30"])

            let back = try await tool.run("user", "activate", "ann@acme.example")
            #expect(back.code == 0 && back.output.contains("may sign in"), "\(back)")
            let again = try await workspace.connect("ann@acme.example")
            for connection in [again, ann.connection, bob.connection] { await connection.close() }
            await workspace.close()
            try await steward.stop()
        }
    }
}
