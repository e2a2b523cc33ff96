package import AccessControl
package import Contracts
import Tenancy
import WorkingTime

// Settings as identity sends them, and as services go by them. Hours and days that cannot be read are left out.

extension AccessControl.WorkspaceSettings {
    package init(_ settings: Contracts.WorkspaceSettings) {
        self.init(
            effectiveTime: settings.effectiveTime, timeZone: settings.timeZone ?? "UTC",
            readRowsPerDayMax: settings.readRowsPerDayMax, deletedRecordsKeptDays: settings.deletedRecordsKeptDays,
            currency: settings.currencyCode, language: settings.languageCode, country: settings.countryCode,
            weekStart: settings.weekStart.map { Int($0.rawValue) },
            calendar: settings.workingCalendar.map { WorkspaceCalendar($0) } ?? WorkspaceCalendar())
    }
}

extension WorkspaceCalendar {
    package init(_ calendar: WorkingCalendar) {
        let days = calendar.days.byDate
        let plan = WorkPlan.usual.changed(weekly: calendar.hours.isEmpty ? nil : calendar.hours.byWeekday, days: days)
        var (departments, users): ([RecordID: Exception], [UserID: Exception]) = ([:], [:])
        for exception in calendar.exceptions {
            let made = Exception(
                weekly: exception.hours.isEmpty ? nil : exception.hours.byWeekday, days: exception.days.byDate)
            if let id = exception.departmentID.flatMap({ RecordID($0) }) { departments[id] = made }
            if let id = exception.userID.flatMap({ UserID($0) }) { users[id] = made }
        }
        self.init(plan, departments: departments, users: users)
    }
}

extension [WeeklyHours] {
    fileprivate var byWeekday: [Int: [Range<Int>]] {
        Dictionary(grouping: self) { Int($0.day?.rawValue ?? 0) }.mapValues { hours in
            hours.compactMap { Clock.range($0.start, $0.end) }
        }
    }
}

extension [SpecialDay] {
    fileprivate var byDate: [CalendarDay: [Range<Int>]] {
        Dictionary(
            compactMap { day in
                CalendarDay(day.date ?? "").map { ($0, day.hours.compactMap { Clock.range($0.start, $0.end) }) }
            }, uniquingKeysWith: { first, _ in first })
    }
}

/// Times of a day as texts.
private enum Clock {
    static func range(_ start: String?, _ end: String?) -> Range<Int>? {
        guard let start = start.flatMap({ MinuteOfDay($0) }), let end = end.flatMap({ MinuteOfDay($0) }),
            start.minutes < end.minutes
        else { return nil }
        return start.minutes..<end.minutes
    }
}
