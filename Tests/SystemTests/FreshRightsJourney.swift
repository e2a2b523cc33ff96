import Contracts
import CustomerContracts
import IdentityContracts
import RPC
import StewardClient
import Synchronization
import TestSteward
import Testing

extension SystemTests {
    /// Rights that have just changed, and the budget that answers tell of.
    @Suite(.serialized) struct FreshRightsJourney {
        private typealias Right = Contracts.Grant

        private func role(_ id: String? = nil, hides access: FieldAccess) -> Role {
            Role(
                id: id, displayName: "Sees phones or not",
                grants: [Right(object: "account", action: "read", scope: .all)],
                fieldPolicies: [Contracts.FieldPolicy(object: "account", field: "phone", access: access)])
        }

        /// Twenty times in a row, so that news which is merely fast would be late once.
        @Test func aCallThatNamesTheVersionSeesTheChange() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let account = try #require(
                try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: "acme", phone: "+49301234567"))
                ).record)
            let made = try #require(
                try await workspace.admin.roles.createRole(CreateRoleRequest(record: role(hides: .read))).record)
            _ = try await workspace.makeUser("reader@\(workspace.name).example", roleIDs: [try #require(made.id)])
            let reader = try await workspace.connect("reader@\(workspace.name).example")
            for round in 0..<20 {
                let access: FieldAccess = round % 2 == 0 ? .none : .read
                let epoch = Mutex<UInt64?>(nil)
                var options = CallOptions()
                options.onAnswer = { info in epoch.withLock { $0 = info.policyEpoch } }
                _ = try await workspace.admin.roles.updateRole(
                    UpdateRoleRequest(record: role(made.id, hides: access), updateMask: ["field_policies"]),
                    options: options)
                let changed = try #require(epoch.withLock { $0 }, "the answer tells no version")
                var heeding = CallOptions()
                heeding.minEpoch = changed
                let seen = try await reader.accounts.getAccount(GetAccountRequest(id: account.id), options: heeding)
                #expect((seen.record?.phone == nil) == (access == .none), "round \(round)")
            }
            await reader.close()
            await workspace.close()
        }

        @Test func aVersionThatThereNeverWasIsRefused() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            var options = CallOptions(retries: false)
            options.minEpoch = 1 << 40
            let error = await #expect(throws: RPCError.self) {
                _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(), options: options)
            }
            #expect(error?.code == .unavailable && error?.reason == "POLICY_UNAVAILABLE")
            await workspace.close()
        }

        @Test func manyRecordsCostMore() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let told = Mutex<[UInt32]>([])
            var options = CallOptions()
            options.onAnswer = { info in told.withLock { $0 += info.budget.map { [$0.cost] } ?? [] } }
            let accounts = workspace.admin.accounts
            let made = try await accounts.batchCreateAccounts(
                BatchCreateAccountsRequest(records: (1...121).map { Account(displayName: "acme \($0)") }),
                options: options)
            let ids = made.records.compactMap(\.id)
            for count in [50, 51, 115] {
                _ = try await accounts.batchGetAccounts(
                    BatchGetAccountsRequest(ids: Array(ids.prefix(count))), options: options)
            }
            // A page costs what it holds, not what it might have held.
            for size: Int32 in [50, 100, 1_000] {
                _ = try await accounts.listAccounts(ListAccountsRequest(pageSize: size), options: options)
            }
            expectCosts(told.withLock { $0 }, atLeast: [61, 8, 9, 11, 4, 6, 7])
            await workspace.close()
        }

        /// Lists cost their time in the database, and every call its computing time: this machine may be busy, and debug builds are
        /// slow. The exact prices are RowCostTests and TimeChargeTests.
        private func expectCosts(_ costs: [UInt32], atLeast least: [UInt32]) {
            #expect(costs.count == least.count && zip(costs, least).allSatisfy { $0 >= $1 }, "\(costs), not \(least)")
        }

        @Test func answersTellWhatTheyCostAndErrorsToo() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let told = Mutex<[Budget]>([])
            var options = CallOptions()
            options.onAnswer = { info in told.withLock { $0 += info.budget.map { [$0] } ?? [] } }
            _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(), options: options)
            await #expect(throws: RPCError.self) {
                _ = try await workspace.admin.accounts.getAccount(
                    GetAccountRequest(id: "01890000-0000-7000-8000-000000000000"), options: options)
            }
            let budgets = told.withLock { $0 }
            expectCosts(budgets.map(\.cost), atLeast: [4, 1])
            #expect(budgets.allSatisfy { $0.remaining > 0 && $0.remaining <= 50_000 })
            await workspace.close()
        }
    }
}
