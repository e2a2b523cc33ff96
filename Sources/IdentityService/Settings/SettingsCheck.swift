import Contracts
import RPC
import Records
import Tenancy
import Text

/// Whether settings can be.
struct SettingsCheck {
    /// Where they stand in the request.
    let path: String

    static let readRowsPerDay = 0...Int64(1_000_000_000)

    /// Texts as they are stored.
    static func normalized(_ settings: WorkspaceSettings) -> WorkspaceSettings {
        func named(_ day: SpecialDay) -> SpecialDay {
            var day = day
            day.displayName = day.displayName.map(TextForm.normalized)
            return day
        }
        func id(_ text: String?) -> String? { text.map { RecordID($0)?.text ?? $0 } }
        var settings = settings
        settings.countryCode = settings.countryCode.map { Country.code(of: $0) ?? $0 }
        if let days = settings.workingCalendar?.days { settings.workingCalendar?.days = days.map(named) }
        let exceptions = (settings.workingCalendar?.exceptions ?? []).map { exception in
            var exception = exception
            (exception.userID, exception.departmentID) = (id(exception.userID), id(exception.departmentID))
            exception.days = exception.days.map(named)
            return exception
        }
        if !exceptions.isEmpty { settings.workingCalendar?.exceptions = exceptions }
        return settings
    }

    /// Throws INVALID_ARGUMENT for the first value that cannot be.
    func check(_ settings: WorkspaceSettings) throws {
        if let zone = settings.timeZone {
            try check(zone, .timeZone, "time_zone")
            // The list may be newer than what the machine knows of clocks, and jobs go by the latter.
            guard TimeZone(zone) != nil else { throw SettingsError.timeZoneTooNew("\(path).time_zone") }
        }
        if let currency = settings.currencyCode { try check(currency, .currency, "currency_code") }
        if let language = settings.languageCode { try check(language, .language, "language_code") }
        if let country = settings.countryCode { try check(country, .country, "country_code") }
        try check(settings.readRowsPerDayMax, in: Self.readRowsPerDay, "rows a day", "read_rows_per_day_max")
        try check(
            settings.deletedRecordsKeptDays, in: SettingsAccess.deletedRecordsKeptDays, "days",
            "deleted_records_kept_days")
        if let day = settings.weekStart, !CalendarCheck.isDay(day) {
            throw SettingsError.dayUnknown("\(path).week_start")
        }
        if let calendar = settings.workingCalendar {
            try CalendarCheck(path: "\(path).working_calendar").check(calendar)
        }
    }

    private func check(_ text: String, _ format: FieldFormat, _ name: String) throws {
        guard format.accepts(text) else { throw SettingsError.form(format, "\(path).\(name)") }
    }

    private func check(_ number: Int64?, in range: ClosedRange<Int64>, _ unit: String, _ name: String) throws {
        guard let number, !range.contains(number) else { return }
        throw SettingsError.outOfRange(range, unit, "\(path).\(name)")
    }
}
