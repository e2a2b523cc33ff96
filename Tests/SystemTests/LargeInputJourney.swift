import Contracts
import CustomerContracts
import RPC
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// Much at once: many calls, long records, many rows.
    @Suite(.serialized) struct LargeInputJourney {
        @Test func moreCallsThanAConnectionTakes() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let outcomes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<600 {
                    group.addTask {
                        do {
                            _ = try await workspace.admin.accounts.listAccounts(ListAccountsRequest())
                            return "ok"
                        } catch {
                            return (error as? RPCError)?.reason ?? "\(error)"
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes == ["ok": 600])
            await workspace.close()
        }

        @Test func aPageOfLongRecords() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            let text = String(repeating: "字", count: 10_000)
            for part in 0..<2 {
                let accounts = (0..<100).map { Account(displayName: "Long \(part)-\($0)", description: text) }
                let answer = try await patiently {
                    try await admin.accounts.batchCreateAccounts(BatchCreateAccountsRequest(records: accounts))
                }
                #expect(answer.results.allSatisfy { $0.code == 0 })
            }
            // Six megabytes in all. None is lost, however the pages are cut.
            var names: Set<String> = []
            var token: String?
            repeat {
                let request = ListAccountsRequest(pageSize: 1000, pageToken: token)
                let page = try await patiently { try await admin.accounts.listAccounts(request) }
                names.formUnion(page.records.compactMap(\.displayName))
                token = page.nextPageToken
            } while token != nil
            #expect(names.count == 200)
            await workspace.close()
        }

        /// Waits until the workspace has budget for the call: programs of a test build compute for long on a busy machine.
        private func patiently<Answer>(_ call: () async throws -> Answer) async throws -> Answer {
            try await eventually("the workspace has budget again") {
                do {
                    return try await call()
                } catch let error as RPCError where error.reason == "BUDGET_EXHAUSTED" {
                    return nil
                }
            }
        }

        /// What is stored is told, and what cannot be told is not stored: its repetition could not be told either.
        @Test func aBatchWhoseAnswerIsTooLong() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let text = String(repeating: "x", count: 4_100)
            let accounts = (0..<1000).map { Account(displayName: "Row \($0)", description: text) }
            let stored: Int64
            do {
                let answer = try await workspace.admin.accounts.batchCreateAccounts(
                    BatchCreateAccountsRequest(records: accounts))
                stored = Int64(answer.records.count)
            } catch {
                #expect(error.code == .resourceExhausted)
                stored = 0
            }
            let count = try await workspace.admin.accounts.listAccounts(
                ListAccountsRequest(pageSize: 1, includeCount: true)
            ).count
            #expect(count?.value == stored)
            await workspace.close()
        }

        @Test func upperAndLowerCaseInEveryScript() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            for name in ["Müller", "ΑΘΗΝΑ", "Жуков", "北京"] {
                _ = try await workspace.admin.accounts.createAccount(
                    CreateAccountRequest(record: Account(displayName: name)))
            }
            for (part, name) in [("MÜLL", "Müller"), ("αθην", "ΑΘΗΝΑ"), ("жУК", "Жуков"), ("北", "北京")] {
                let page = try await workspace.admin.accounts.listAccounts(
                    ListAccountsRequest(filterExpression: "display_name ~ \"\(part)\""))
                #expect(page.records.map(\.displayName) == [name])
            }
            await workspace.close()
        }

        @Test func aThousandRowsAtOnce() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let admin = workspace.admin
            var accounts = (0..<1000).map { Account(displayName: "Row \($0)", externalID: "X-\($0)") }
            accounts[500].email = "not an address"
            accounts[501].externalID = "X-1"
            let answer = try await admin.accounts.batchCreateAccounts(BatchCreateAccountsRequest(records: accounts))
            #expect(answer.results.count == 1000)
            #expect(answer.records.count == 998)
            let refused = answer.results.filter { $0.code != 0 }
            #expect(refused.map(\.index) == [500, 501])
            #expect(refused.map(\.field) == ["accounts[500].email", "accounts[501].external_id"])
            #expect(refused.map(\.reason) == ["INVALID_FORMAT", "EXTERNAL_ID_TAKEN"])
            let count = try await admin.accounts.listAccounts(ListAccountsRequest(pageSize: 1, includeCount: true))
                .count
            #expect(count?.value == 998)
            await workspace.close()
        }
    }
}
