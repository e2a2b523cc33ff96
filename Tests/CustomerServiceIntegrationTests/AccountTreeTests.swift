import Contracts
import RPC
import TestService
import Testing

/// Trees of accounts have an end, whichever way they grow.
@Suite struct AccountTreeTests {
    private func chain(_ customers: Customers, _ length: Int) async throws -> [Account] {
        var accounts: [Account] = []
        for level in 0..<length {
            accounts.append(
                try await customers.make(Account(displayName: "Level \(level)", parentAccountID: accounts.last?.id)))
        }
        return accounts
    }

    @Test func aMovedTreeBringsItsLevelsAlong() async throws {
        try await Customers.run { customers in
            let upper = try await chain(customers, 20)
            let lower = try await chain(customers, 13)
            func move(_ account: Account, below parent: Account) async throws {
                _ = try await customers.accounts().updateAccount(
                    UpdateAccountRequest(
                        account: Account(id: account.id, parentAccountID: parent.id), updateMask: ["parent_account_id"])
                )
            }
            let tooDeep = try await refusal { try await move(lower[0], below: upper[19]) }
            #expect(tooDeep?.reason == "ACCOUNT_TREE_TOO_DEEP")
            try await move(lower[0], below: upper[18])
            let leaf = try await refusal {
                try await customers.make(Account(displayName: "x", parentAccountID: lower[12].id))
            }
            #expect(leaf?.reason == "ACCOUNT_TREE_TOO_DEEP")
        }
    }
}
