import Contracts
import CustomerContracts
import RPC
import SalesContracts
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// An account counts and sums its deals, which another program keeps, whatever happens to the two.
    @Suite(.serialized) struct RollUpJourney {
        private static let accounts = 40
        private static let dealsOfEach = 5

        private func define(_ tool: CommandLineTool) async throws {
            let amount = [
                "name=won", "kind=money", "display_name=Won 成交", "roll_up.function=sum", "roll_up.field=amount",
            ]
            let count = ["name=deals", "kind=whole_number", "display_name=Deals", "roll_up.function=count"]
            for field in [amount, count] {
                let result = try await tool.run(
                    arguments: ["field-definition", "create", "object=account"] + field + [
                        "roll_up.object=deal", "roll_up.reference=account_id",
                    ])
                #expect(result.code == 0, "\(result.errors)")
            }
        }

        /// How many accounts say that they have so many deals, of 1 EUR each.
        private func saying(_ count: Int, _ connection: StewardConnection) async throws -> Int {
            let filter = "custom.deals = \(count)" + (count == 0 ? "" : " and custom.won = \"EUR \(count).00\"")
            return try await connection.accounts.listAccounts(
                ListAccountsRequest(filterExpression: filter, pageSize: 500)
            ).records.count
        }

        private func sell(_ accounts: [Account], _ connection: StewardConnection) async throws {
            _ = try await connection.deals.batchCreateDeals(
                BatchCreateDealsRequest(
                    records: accounts.map {
                        Deal(
                            displayName: "d", accountID: $0.id, amount: Money(currencyCode: "EUR", minorUnits: 100))
                    }))
        }

        @Test func anAccountCountsItsDeals() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let other = try await steward.makeWorkspace()
            let admin = workspace.admin
            let tool = try await workspace.commandLine()
            let accounts = try await admin.accounts.batchCreateAccounts(
                BatchCreateAccountsRequest(records: (0..<Self.accounts).map { Account(displayName: "a\($0)") })
            ).records
            // Some of the deals are there before anybody counts them.
            try await sell(accounts, admin)
            try await define(tool)
            try await eventually("what was there is counted", within: .seconds(30)) {
                try await saying(1, admin) == Self.accounts
            }
            // Who keeps the deals is killed as soon as they are there, who keeps the accounts while it counts.
            try await sell(accounts, admin)
            try await steward.sales.kill()
            try await steward.sales.start()
            try await eventually("nothing is lost with the one", within: .seconds(60)) {
                try await saying(2, admin) == Self.accounts
            }
            for _ in 3...Self.dealsOfEach { try await sell(accounts, admin) }
            try await steward.customer.kill()
            // Meanwhile it cannot be told.
            let deal = try #require(
                try await admin.deals.listDeals(
                    ListDealsRequest(filterExpression: "account_id = \"\(accounts[0].id ?? "")\"")
                ).records.first)
            _ = try await admin.deals.updateDeal(
                UpdateDealRequest(
                    record: Deal(id: deal.id, amount: Money(currencyCode: "EUR", minorUnits: 200)),
                    updateMask: ["amount"]))
            try await steward.customer.start()
            try await eventually("nothing is lost with the other", within: .seconds(60)) {
                try await saying(Self.dealsOfEach, admin) == Self.accounts - 1
            }
            let shown = try await tool.run(
                arguments: [
                    "account", "list", "--filter", "custom.won > \"EUR 5.00\"", "--columns", "custom.won,custom.deals",
                    "--output", "csv",
                ])
            #expect(shown.output.split(separator: "\n").last == "6.00 EUR,5", "\(shown.output)\(shown.errors)")
            // Nobody else's accounts say anything of it.
            _ = try await other.admin.accounts.createAccount(CreateAccountRequest(record: Account(displayName: "b")))
            let theirs = try await other.admin.accounts.listAccounts(ListAccountsRequest()).records
            #expect(theirs.flatMap(\.customFields).isEmpty)
            try await steward.stop()
        }
    }
}
