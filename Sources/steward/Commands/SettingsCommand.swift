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
        abstract:
            "Settings of the workspace: its time zone, how much may be read in a day, and how long deleted records are kept.",
        subcommands: [Show.self, Set.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the settings.", aliases: ["get"])

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
                  steward settings set deleted-records-kept-days=90 --preview
                """)

        @OptionGroup var options: SettingsOptions
        @Option(help: "Version of the settings that was read.") var version: Int64?
        @Flag(help: "Changes nothing: shows how many deleted records deleted-records-kept-days would remove for good.")
        var preview = false
        @Argument(help: "name=value …") var assignments: [String]

        func run() async throws {
            let message = WorkspaceSettings(version: version).message()
            let named = try FieldAssignment.apply(assignments.map(Self.withUnderscores), to: message)
            if preview { return try await showPurge(WorkspaceSettings(message), named) }
            let steward = try await options.connection.connectSignedIn()
            let request = UpdateSettingsRequest(settings: WorkspaceSettings(message), updateMask: named)
            try options.show(try await steward.settings.updateSettings(request, options: .write()).settings)
            guard named.contains("read_rows_per_day_max"), request.settings?.readRowsPerDayMax == 0 else { return }
            Terminal.note(
                "0 records a day: who may not export a kind of records cannot list or read any of it, but through records that others "
                    + "name; give 1 to 1000000000, or read-rows-per-day-max= for the default")
        }

        private func showPurge(_ settings: WorkspaceSettings, _ named: [String]) async throws {
            guard named == ["deleted_records_kept_days"], let days = settings.deletedRecordsKeptDays else {
                throw UsageProblem(
                    "--preview tells what deleted-records-kept-days removes",
                    cure: "give that setting alone, with a number of days")
            }
            let client = JobClient(connection: try await options.connection.connectSignedIn(), options.connection)
            var counts: [PurgeCount] = []
            for service in JobClient.services { counts += try await client.previewPurge(days, service) }
            try RecordPrinter(format: options.output, columns: []).show(
                counts.map { $0.message() }, of: PurgeCount.descriptor, preferred: ["object", "count", "capped"])
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
        guard output == .table else {
            return try RecordPrinter(format: output, columns: []).show(one: settings.message())
        }
        let lines = Self.lines(settings)
        let width = lines.map(\.name.count).max() ?? 0
        for line in lines { Terminal.line("\(Style.dim(TextWidth.padded(line.name, to: width)))  \(line.text)") }
    }

    /// All settings: those that nobody has set with what holds then.
    static func lines(_ settings: WorkspaceSettings) -> [(name: String, text: String)] {
        let message = settings.message()
        return message.descriptor.fields.compactMap { field in
            if message.has(field) { return (field.name, FieldText.text(field, of: message)) }
            return SettingsDefaults.texts[field.name].map { (field.name, "\($0) (default)") }
        }
    }
}
