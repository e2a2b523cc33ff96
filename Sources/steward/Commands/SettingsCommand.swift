import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Wire

/// What a workspace sets for itself.
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Settings of the workspace: its time zone, and how much may be read in a day.",
        subcommands: [Show.self, Set.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the settings.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            try options.show(try await steward.settings.getSettings(GetSettingsRequest()).settings)
        }
    }

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Changes settings. Needs the right to update settings.",
            discussion: """
                name=value sets one, name= gives it its default. A hyphen may stand for an underscore.

                Examples:
                  steward settings set time-zone=Asia/Shanghai
                  steward settings set read-rows-per-day-max=5000
                  steward settings set read-rows-per-day-max=
                """)

        @OptionGroup var options: SettingsOptions
        @Option(help: "Version of the settings that was read.") var version: Int64?
        @Argument(help: "name=value …") var assignments: [String]

        func run() async throws {
            let message = WorkspaceSettings(version: version).message()
            let named = try FieldAssignment.apply(assignments.map(Self.withUnderscores), to: message)
            let steward = try await options.connection.connectSignedIn()
            let request = UpdateSettingsRequest(settings: WorkspaceSettings(message), updateMask: named)
            try options.show(try await steward.settings.updateSettings(request, options: .write()).settings)
        }

        private static func withUnderscores(_ assignment: String) -> String {
            guard let (name, value) = FieldAssignment.parts(assignment) else { return assignment }
            return "\(name.replacing("-", with: "_"))=\(value)"
        }
    }
}

struct SettingsOptions: ParsableArguments {
    @OptionGroup var connection: ConnectionOptions
    @Option(help: "table, json, csv or sheet.") var output: OutputFormat = .table

    func show(_ settings: WorkspaceSettings?) throws {
        guard let settings else { return }
        try RecordPrinter(format: output, columns: []).show(one: settings.message())
    }
}
