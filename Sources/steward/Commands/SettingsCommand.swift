import ArgumentParser
import Contracts
import IdentityContracts
import RPC
import StewardClient
import Tenancy
import Wire

/// What a workspace sets for itself.
struct SettingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract:
            "Settings of the workspace: time zone, currency, language, country, working calendar, and what is read and kept.",
        discussion: """
            Each change is a version, and holds from a moment on, which may be to come.

            Examples:
              steward settings show
              steward settings set currency-code=EUR time-zone=Europe/Berlin
              steward settings set time-zone=Asia/Shanghai --from 2027-01-01T00:00:00+08:00
              steward settings versions
              steward settings diff 3 5
            """,
        subcommands: [
            Show.self, Set.self, SettingsVersions.self, SettingsDiff.self, SettingsCancel.self, HoursCommand.self,
            HolidayCommand.self,
        ])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Shows the settings.", aliases: ["get"])

        @OptionGroup var options: SettingsOptions
        @Option(help: "Those that hold at a moment, as in 2027-01-01T00:00:00Z; a day alone begins in UTC.") var at:
            String?

        func run() async throws {
            let steward = try await options.connection.connectSignedIn()
            let request = GetSettingsRequest(time: try at.map { try SettingsOptions.moment($0, "--at") })
            try options.show(try await steward.settings.getSettings(request).settings)
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
                  steward settings set currency-code=CNY language-code=zh-CN country-code=CN week-start=SUNDAY
                  steward settings set time-zone=Asia/Shanghai --from 2027-01-01T00:00:00+08:00
                """)

        @OptionGroup var options: SettingsOptions
        @Option(help: "Version of the settings that was read.") var version: Int64?
        @Option(
            help:
                "From when the change holds, as in 2027-01-01T00:00:00+08:00; a day alone begins in UTC. Default: now.")
        var from: String?
        @Flag(
            help: """
                Changes nothing: shows the settings as they would be or, of deleted-records-kept-days, how many deleted \
                records it would remove for good.
                """)
        var preview = false
        @Argument(help: "name=value …") var assignments: [String]

        func run() async throws {
            let message = WorkspaceSettings(version: version).message()
            let named = try FieldAssignment.apply(assignments.map(Self.withUnderscores), to: message)
            if preview, named == ["deleted_records_kept_days"],
                let days = WorkspaceSettings(message).deletedRecordsKeptDays
            {
                return try await showPurge(days)
            }
            let steward = try await options.connection.connectSignedIn()
            let request = UpdateSettingsRequest(
                settings: WorkspaceSettings(message), updateMask: named,
                effectiveTime: try from.map { try SettingsOptions.moment($0, "--from") }, preview: preview ? true : nil)
            try options.show(try await steward.settings.updateSettings(request, options: .write()).settings)
            guard named.contains("read_rows_per_day_max"), request.settings?.readRowsPerDayMax == 0 else { return }
            Terminal.note(
                "0 records a day: who may not export a kind of records cannot list or read any of it, but through records that others "
                    + "name; give 1 to 1000000000, or read-rows-per-day-max= for the default")
        }

        private func showPurge(_ days: Int64) async throws {
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

    static func moment(_ text: String, _ option: String) throws -> Timestamp {
        guard let moment = Timestamp(text) else {
            throw UsageProblem("\(option): \(text) is no moment", cure: "write it as in 2027-01-01T00:00:00+08:00")
        }
        return moment
    }

    /// All settings: those that nobody has set with what holds then.
    static func lines(_ settings: WorkspaceSettings) -> [(name: String, text: String)] {
        let message = settings.message()
        return message.descriptor.fields.compactMap { field in
            if field.name == "working_calendar", let calendar = settings.workingCalendar {
                return (field.name, CalendarText.summary(calendar))
            }
            if message.has(field) { return (field.name, FieldText.text(field, of: message)) }
            return SettingsDefaults.texts[field.name].map { (field.name, "\($0) (default)") }
        }
    }
}
