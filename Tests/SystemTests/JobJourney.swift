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
    }
}
