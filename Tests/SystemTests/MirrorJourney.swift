import Contracts
import CustomerContracts
import RPC
import SalesContracts
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Sales lists deals by fields of their accounts, which are Customer's, whatever happens to the programs.
    @Suite(.serialized) struct MirrorJourney {
        private static let accounts = 3_000
        private static let batch = 500

        private func fill(_ connection: StewardConnection) async throws -> [Account] {
            var accounts: [Account] = []
            for first in stride(from: 0, to: Self.accounts, by: Self.batch) {
                accounts += try await connection.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(
                        records: (first..<first + Self.batch).map {
                            Account(displayName: "Account \($0)", region: "Bayern")
                        })
                ).records
            }
            return accounts
        }

        private func rename(_ account: Account, _ name: String, _ connection: StewardConnection) async throws {
            _ = try await connection.accounts.updateAccount(
                UpdateAccountRequest(
                    record: Account(id: account.id, displayName: name), updateMask: ["display_name"]))
        }

        private func found(_ filter: String, _ connection: StewardConnection) async throws -> [String] {
            try await connection.deals.listDeals(
                ListDealsRequest(filterExpression: filter, orderBy: ["account.display_name", "display_name"])
            ).records.compactMap(\.displayName)
        }

        private func count(_ workspace: TestWorkspace, _ condition: String = "true") async throws -> Int {
            let schema = try #require(TenantSchema(tenantID: workspace.tenantID, service: .sales)).name
            let rows = try await workspace.steward.database.rows(
                "SELECT count(*)::text FROM \(schema).account_mirror WHERE \(condition)")
            return Int(rows[0][0] ?? "") ?? -1
        }

        /// Has the mirror be made anew, from nothing.
        private func forget(_ workspace: TestWorkspace) async throws {
            let customer = try #require(TenantSchema(tenantID: workspace.tenantID, service: .customer)).name
            let sales = try #require(TenantSchema(tenantID: workspace.tenantID, service: .sales)).name
            let database = workspace.steward.database
            _ = try await database.rows("DELETE FROM \(sales).account_mirror RETURNING 1")
            _ = try await database.rows(
                """
                UPDATE \(customer).mirror_feeds SET fence = fence + 1, rebuilt_to = '00000000-0000-0000-0000-000000000000'
                RETURNING 1
                """)
        }

        /// Kills it while it tells the mirror of all accounts; tries again when it was quicker.
        private func killCustomerInTheMiddle(_ account: Account, _ workspace: TestWorkspace) async throws -> Bool {
            let customer = workspace.steward.customer
            for attempt in 0..<5 {
                if attempt > 0 { try await customer.start() }
                try await forget(workspace)
                try await rename(account, "Wakes it", workspace.admin)
                try await eventually("the mirror is being made") { try await count(workspace) > 0 }
                try await customer.kill()
                if try await count(workspace) < Self.accounts { return true }
            }
            return false
        }

        @Test func dealsAreFoundByTheirAccountsOfNow() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let second = try await steward.makeWorkspace()
            let admin = workspace.admin
            let accounts = try await fill(admin)
            let secondAccount = try await second.admin.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: "Second", region: "Bayern")))
            for (name, account) in [("a", accounts[0]), ("b", accounts[1])] {
                _ = try await admin.deals.createDeal(
                    CreateDealRequest(record: Deal(displayName: name, accountID: account.id)))
            }
            _ = try await second.admin.deals.createDeal(
                CreateDealRequest(record: Deal(displayName: "second", accountID: secondAccount.record?.id)))

            try await eventually("all accounts are mirrored") { try await count(workspace) == Self.accounts }
            #expect(try await found("account.region = Bayern", admin) == ["a", "b"])
            try await rename(accounts[0], "Zeppelin", admin)
            try await eventually("a new name is found", within: .seconds(3)) {
                try await found("account.display_name = Zeppelin", admin) == ["a"]
            }
            #expect(try await found("account.region = Bayern", admin) == ["b", "a"])

            // Sales is away while something is renamed.
            try await steward.sales.stop()
            try await rename(accounts[1], "Zzz", admin)
            try await steward.sales.start()
            try await eventually("what was renamed meanwhile is found") {
                try await found("account.display_name = Zzz", admin) == ["b"]
            }

            // Each of the two is killed in the middle of making the mirror anew.
            #expect(
                try await killCustomerInTheMiddle(accounts[2], workspace), "each kill came too late to show anything")
            try await steward.customer.start()
            try await eventually("it goes on") { try await count(workspace) > 1_000 }
            try await steward.sales.kill()
            try await steward.sales.start()
            try await eventually("all accounts are mirrored again", within: .seconds(90)) {
                try await count(workspace, "region = 'Bayern'") == Self.accounts
            }
            #expect(try await count(workspace, "display_name IN ('Zeppelin', 'Zzz', 'Wakes it')") == 3)

            let tool = try await workspace.commandLine()
            let list = try await tool.run(
                "deal", "list", "--filter", "account.region = \"Bayern\"", "--order-by", "account.display_name desc",
                "--output", "csv", "--columns", "display_name")
            #expect(list.code == 0 && list.output.contains("b\na\n"), "\(list)")
            let compared = try await tool.run(
                "job", "run", "compare_mirror_account_to_sales", "--service", "customer", "--watch", "--output", "json")
            #expect(compared.code == 0 && compared.output.contains("DONE"), "\(compared)")
            let metrics = steward.customer.page("/metrics")?.body ?? ""
            #expect(metrics.contains("mirrors_records"), "the metrics tell of the mirror")

            // The other workspace has its own and nothing else.
            try await eventually("the second workspace is mirrored") { try await count(second) == 1 }
            #expect(try await found("account.region = Bayern", second.admin) == ["second"])
            #expect(try await found("account.display_name = Zeppelin", second.admin).isEmpty)
            await second.close()
            await workspace.close()
            try await steward.stop()
        }
    }
}
