import ArgumentParser
import Contracts
import IdentityContracts
import StewardClient
import Tenancy
import Wire

struct HoursCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hours", abstract: "When people work in a week.", subcommands: [Set.self])

    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sets the hours of days of the week, and leaves the other days as they are.",
            discussion: """
                Hours that go on after midnight are hours until 24:00 and hours of the next day.

                Examples:
                  steward settings hours set monday-friday 09:00-12:00 13:00-18:00
                  steward settings hours set saturday none
                  steward settings hours set monday-sunday 00:00-24:00 --department Support
                """)

        @OptionGroup var options: SettingsOptions
        @OptionGroup var subject: CalendarSubject
        @Argument(help: "A day of the week, or days as in monday-friday.") var days: String
        @Argument(help: "Hours as in 09:00-17:00 …, or none.") var hours: [String]

        func run() async throws {
            let days = try CalendarEdit.weekdays(days)
            let hours = try CalendarEdit.hours(hours)
            try await subject.change(options) { try $0.setHours(days, hours) }
        }
    }
}

struct HolidayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holiday",
        abstract: "Days that are not as their day of the week: holidays, and days that are worked instead.",
        subcommands: [List.self, Add.self, Remove.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists these days.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var subject: CalendarSubject

        func run() async throws {
            let days = try await subject.days(options).sorted { ($0.date ?? "") < ($1.date ?? "") }
            guard options.output == .table else {
                return try RecordPrinter(format: options.output, columns: []).show(
                    days.map { $0.message() }, of: SpecialDay.descriptor, preferred: [])
            }
            var table = Table(columns: ["date", "name", "hours"].map { Table.Column(title: $0) })
            table.rows = days.map { [$0.date ?? "", $0.displayName ?? "", CalendarText.hours($0)] }
            guard !days.isEmpty else { return Terminal.note("there are none") }
            for line in table.lines(width: Terminal.width) { Terminal.line(line) }
        }
    }

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adds holidays, or days with hours of their own; a day that is there becomes as it is given.",
            discussion: """
                Examples:
                  steward settings holiday add 2026-10-01 --to 2026-10-07 --name 国庆节
                  steward settings holiday add 2026-10-10 --name 调休 --hours 09:00-17:00
                  steward settings holiday add 2026-12-24 --user bob@demo.example
                """)

        @OptionGroup var options: SettingsOptions
        @OptionGroup var subject: CalendarSubject
        @Argument(help: "The day, YYYY-MM-DD.") var date: String
        @Option(help: "The last of several days.") var to: String?
        @Option(help: "What people call it.") var name: String?
        @Option(help: "Hours that are worked on that day, as in 09:00-17:00; may be given several times.") var hours:
            [String] = []

        func run() async throws {
            let dates = try CalendarEdit.dates(date, to: to)
            let hours = try CalendarEdit.hours(hours)
            try await subject.change(options) { calendar in
                calendar.add(dates.map { SpecialDay(date: $0, displayName: name, hours: hours) })
            }
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes such days out, so that they are as their day of the week again.")

        @OptionGroup var options: SettingsOptions
        @OptionGroup var subject: CalendarSubject
        @Argument(help: "The day, YYYY-MM-DD.") var date: String
        @Option(help: "The last of several days.") var to: String?

        func run() async throws {
            let dates = try CalendarEdit.dates(date, to: to)
            try await subject.change(options) { try $0.remove(dates) }
        }
    }
}

/// Of whom a calendar is changed, and from when.
struct CalendarSubject: ParsableArguments {
    @Option(help: "Id or name of a department that works otherwise.") var department: String?
    @Option(help: "Id, e-mail address or name of a user who works otherwise.") var user: String?
    @Option(help: "From when the change holds, as in 2027-01-01T00:00:00+08:00. Default: now.") var from: String?

    func validate() throws {
        guard department == nil || user == nil else {
            throw ValidationError("give one of --department and --user")
        }
    }

    /// The days of whom the calendar is asked for.
    func days(_ options: SettingsOptions) async throws -> [SpecialDay] {
        let steward = try await options.connection.connectSignedIn()
        let subject = try await found(steward, options)
        let moment = try from.map { try SettingsOptions.moment($0, "--from") }
        let settings = try await steward.settings.getSettings(GetSettingsRequest(time: moment)).settings
        return CalendarEdit(settings?.workingCalendar, of: subject).part.days
    }

    /// Reads the calendar, changes it, and sends it with the version that was read.
    func change(_ options: SettingsOptions, _ change: (inout CalendarEdit) throws -> Void) async throws {
        let steward = try await options.connection.connectSignedIn()
        let subject = try await found(steward, options)
        let moment = try from.map { try SettingsOptions.moment($0, "--from") }
        let settings = try await steward.settings.getSettings(GetSettingsRequest(time: moment)).settings
        var edit = CalendarEdit(settings?.workingCalendar, of: subject)
        try change(&edit)
        let request = UpdateSettingsRequest(
            settings: WorkspaceSettings(version: settings?.version, workingCalendar: edit.calendar),
            updateMask: ["working_calendar"], effectiveTime: moment)
        try options.show(try await steward.settings.updateSettings(request, options: .write()).settings)
    }

    private func found(
        _ steward: StewardConnection, _ options: SettingsOptions
    ) async throws -> CalendarEdit.Subject {
        if let department {
            return .department(try await Self.id(department, Department.noun, steward))
        }
        if let user { return .user(try await Self.id(user, User.noun, steward)) }
        return .all
    }

    private static func id(_ value: String, _ noun: RecordNoun, _ steward: StewardConnection) async throws -> String {
        try await RecordClient(connection: steward, noun: noun).id(of: value)
    }
}
