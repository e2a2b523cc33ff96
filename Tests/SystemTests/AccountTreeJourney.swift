import Contracts
import CustomerContracts
import RPC
import StewardClient
import Tenancy
import TestSteward
import Testing

extension SystemTests {
    /// Accounts that are part of others never form a ring, whoever moves them when.
    @Suite(.serialized) struct AccountTreeJourney {
        @Test func anAccountIsNoPartOfItself() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            let top = try await create("top", below: nil, rep)
            let middle = try await create("middle", below: top, rep)
            let bottom = try await create("bottom", below: middle, rep)
            for parent in [top, middle, bottom] {
                let error = await move(top, below: parent, rep)
                #expect(error?.reason == "ACCOUNT_CYCLE")
            }
            await rep.close()
            await workspace.close()
        }

        @Test func twoMovesAtOnceMakeNoRing() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let (_, rep) = try await workspace.connect(as: "rep@\(workspace.name).example", roles: ["Sales rep"])
            for round in 0..<10 {
                let one = try await create("one \(round)", below: nil, rep)
                let belowOne = try await create("below one \(round)", below: one, rep)
                let other = try await create("other \(round)", below: nil, rep)
                let belowOther = try await create("below other \(round)", below: other, rep)
                // Each looks harmless alone, and neither touches a record that the other one changes.
                async let first = move(one, below: belowOther, rep)
                async let second = move(other, below: belowOne, rep)
                let errors = await [first, second].compactMap { $0 }
                #expect(errors.count >= 1, "both moves went through")
            }
            await rep.close()
            await workspace.close()
        }

        private func create(_ name: String, below parent: String?, _ rep: StewardConnection) async throws -> String {
            let account = try await rep.accounts.createAccount(
                CreateAccountRequest(record: Account(displayName: name, parentAccountID: parent))
            ).record
            return try #require(account?.id)
        }

        private func move(_ account: String, below parent: String, _ rep: StewardConnection) async -> RPCError? {
            do {
                _ = try await rep.accounts.updateAccount(
                    UpdateAccountRequest(
                        record: Account(id: account, parentAccountID: parent), updateMask: ["parent_account_id"]),
                    options: CallOptions(requestID: RecordID.make().text))
                return nil
            } catch {
                return error
            }
        }
    }
}
