import Testing

@testable import ServiceHost

@Suite struct CommandLineFlagsTests {
    @Test func readsFlagsInBothForms() throws {
        let flags = try CommandLineFlags(["--config", "a.yaml", "--set", "x=1", "--set=y=2=3", "--check"])
        #expect(flags.config == "a.yaml")
        #expect(flags.overrides == ["x=1", "y=2=3"])
        #expect(flags.task == .check)
        #expect(try CommandLineFlags(["--config=b.yaml"]).config == "b.yaml")
        #expect(try CommandLineFlags([]).task == .run)
        #expect(try CommandLineFlags(["--version"]).task == .showVersion)
        #expect(try CommandLineFlags(["-h"]).task == .showHelp)
    }

    @Test(arguments: [["--confg", "a"], ["a.yaml"], ["--config"], ["--set"], ["--check=yes"], ["--config="]])
    func refusesAnythingElse(_ arguments: [String]) {
        #expect(throws: CommandLineFlags.Refusal.self) { try CommandLineFlags(arguments) }
    }
}
