import Contracts
import CustomerContracts
import Foundation
import StewardClient
import TestSteward
import Testing

extension SystemTests {
    /// What services do while nobody calls, watched from the command line.
    @Suite(.serialized) struct JobJourney {
        /// Each service has been told of the new workspace, and has given it what every night is to be done.
        @Test func everyServiceKeepsHouseInANewWorkspace() async throws {
            let workspace = try await TestSteward.shared().makeWorkspace()
            let tool = try await workspace.commandLine()
            try await eventually("every service has its schedule") {
                let list = try await tool.run("job", "list", "--open", "--output", "csv").output
                return ["identity", "customer", "sales"].allSatisfy { service in
                    list.split(separator: "\n").contains { $0.contains("housekeeping") && $0.contains(service) }
                }
            }
            for service in ["identity", "customer", "sales"] {
                let run = try await tool.run(
                    "job", "run", "housekeeping", "--service", service, "--watch", "--output", "json")
                #expect(run.code == 0 && run.output.contains("DONE"), "\(run)")
            }
            let wrong = try await tool.run("job", "run", "nothing", "--service", "sales")
            #expect(wrong.code != 0 && wrong.errors.contains("housekeeping"), "\(wrong)")
            let absent = try await tool.run("job", "show", "019a6f0e-0000-7000-8000-000000000000")
            #expect(absent.code != 0 && absent.errors.contains("steward job list"), "\(absent)")
            await workspace.close()
        }

        /// Ctrl-C while a job is watched ends the watching, and says how to look again.
        @Test func whoStopsWatchingIsToldThatTheJobGoesOn() async throws {
            let steward = try await TestSteward.start()
            let workspace = try await steward.makeWorkspace()
            let tool = try await workspace.commandLine()
            for _ in 0..<4 {
                let accounts = (0..<1_000).map { Account(displayName: "a\($0)", city: "昆明") }
                _ = try await workspace.admin.accounts.batchCreateAccounts(.init(records: accounts))
            }
            let preview = try await tool.run(
                "account", "update-matching", "--filter", "city = \"昆明\"", "city=Rome", "--preview")
            #expect(preview.code == 0 && preview.output.contains("city: 昆明 → Rome"), "\(preview)")
            let hint = try await tool.run(
                "account", "update-matching", "--filter", "owner = \"ada\"", "city=Rome", "--preview")
            #expect(hint.code == 1 && hint.errors.contains("owner_id = \"ID\""), "\(hint)")
            let watching = try tool.start(
                "account", "update-matching", "--filter", "city = \"昆明\"", "city=Rome", "--watch")
            let id = try await eventually("it is watched") {
                try watching.errorsSoFar().split(separator: ";").first.flatMap { $0.wholeMatch(of: /job (.{36})/) }
            }.1
            watching.send(SIGINT)
            let stopped = try await watching.result()
            #expect(stopped.code == 130 && stopped.errors.contains("steward job watch \(id)"), "\(stopped)")
            let watched = try await tool.run("job", "watch", String(id))
            #expect(watched.code == 0 && watched.output.contains("4000 changed"), "\(watched)")
            #expect(watched.output.contains("city = \"昆明\" → city = \"Rome\""), "\(watched.output)")
            await workspace.close()
            try await steward.stop()
        }
    }
}
