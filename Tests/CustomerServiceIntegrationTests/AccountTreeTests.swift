import CustomerContracts
import CustomerService
import RPC
import TestService
import Testing

/// Trees of accounts have an end, whichever way they grow.
@Suite struct AccountTreeTests {
    private func chain(_ customers: TestService, _ length: Int) async throws -> [Account] {
        var accounts: [Account] = []
        for level in 0..<length {
            accounts.append(
                try await customers.create(Account(displayName: "Level \(level)", parentAccountID: accounts.last?.id)))
        }
        return accounts
    }

    @Test func aMovedTreeBringsItsLevelsAlong() async throws {
        try await TestService.run(CustomerService.definition) { customers in
            let upper = try await chain(customers, 20)
            let lower = try await chain(customers, 13)
            func move(_ account: Account, below parent: Account) async throws {
                try await customers.update(Account(id: account.id, parentAccountID: parent.id), ["parent_account_id"])
            }
            let tooDeep = try await refusal { try await move(lower[0], below: upper[19]) }
            #expect(tooDeep?.reason == "ACCOUNT_TREE_TOO_DEEP")
            try await move(lower[0], below: upper[18])
            let leaf = try await refusal {
                try await customers.create(Account(displayName: "x", parentAccountID: lower[12].id))
            }
            #expect(leaf?.reason == "ACCOUNT_TREE_TOO_DEEP")
        }
    }
}
