import Contracts
import CustomerContracts
import Foundation
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// `steward bench` against the real gateway, as an operator uses it. What it measures is not looked at, only that it does.
    @Suite(.serialized) struct BenchJourney {
        private func object(_ text: String) throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        }

        @Test func aReadIsMeasuredInBothLoops() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let closed = try await tool.run(
                "bench", "AccountService/ListAccounts", "page_size=5", "--concurrency", "4", "--connections", "2",
                "--calls", "100",
                "--warmup", "0s", "--output", "json")
            #expect(closed.code == 0, "\(closed.errors)")
            let result = try object(closed.output)
            #expect(result["calls"] as? Int == 100)
            #expect(result["errors"] as? Int == 0)
            #expect(result["loop"] as? String == "closed")

            let chart = "\(tool.folder)/chart.svg"
            let open = try await tool.run(
                "bench", "AccountService/ListAccounts", "--ramp", "20,40:1s", "--warmup", "500ms", "--chart", chart)
            #expect(open.code == 0, "\(open.errors)")
            #expect(open.output.contains("from when it was due"))
            #expect(open.output.contains("calls   60 in"), "\(open.output)")
            #expect(try String(contentsOfFile: chart, encoding: .utf8).contains("Latency by percentile"))
            await workspace.close()
        }

        @Test func aWriteNeedsToBeAllowedAndWritesEachTime() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let write = [
                "bench", "AccountService/CreateAccount", "account={\"display_name\":\"Bench\"}", "--calls", "20",
                "--warmup", "0s",
            ]
            let refused = try await tool.run(arguments: write)
            #expect(refused.code == 1)
            #expect(refused.errors.contains("--allow-writes"))
            let allowed = try await tool.run(arguments: write + ["--allow-writes"])
            #expect(allowed.code == 0, "\(allowed.errors)")
            // The call that comes first, to see whether the request is right, writes too.
            let accounts = try await workspace.admin.accounts.listAccounts(ListAccountsRequest(pageSize: 100)).records
            #expect(accounts.filter { $0.displayName == "Bench" }.count == 21)
            await workspace.close()
        }

        @Test func mistakesAreToldOnce() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            let cases = [
                (["AccountService/ListAccounts", "page_size=-1"], "PAGE_SIZE_INVALID"),
                (["AccountService/Nothing"], "no method"),
                (["AccountService/ListAccounts", "nonsense=1"], "nonsense"),
                (["AccountService/ListAccounts", "--rate", "0"], "rate"),
                (["PolicyService/WatchPolicies"], "PolicyService"),
            ]
            for (arguments, word) in cases {
                let result = try await tool.run(arguments: ["bench"] + arguments)
                #expect(result.code == 1, "\(arguments)")
                #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
            }
            await workspace.close()
        }
    }
}
