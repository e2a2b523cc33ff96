import Contracts
import RPC
import Tenancy
import Text
import Wire
import WorkingTime

/// Whether a working calendar can be.
struct CalendarCheck {
    /// Where it stands in the request.
    let path: String

    static let daysMax = 500
    static let exceptionsMax = 200
    /// All settings are in the policy, which services get whole after each change of rights.
    static let bytesMax = 48 * 1024
    private static let hoursMax = 50
    private static let nameLengthMax = 100

    static func isDay(_ day: DayOfWeek) -> Bool { (1...7).contains(day.rawValue) }

    /// Throws INVALID_ARGUMENT for the first part that cannot be.
    func check(_ calendar: WorkingCalendar) throws {
        guard !calendar.hours.isEmpty else { throw SettingsError.calendarEmpty("\(path).hours") }
        try check(calendar.hours, "\(path).hours")
        try check(calendar.days, "\(path).days")
        try atMost(Self.exceptionsMax, calendar.exceptions, "\(path).exceptions")
        var seen: Set<String> = []
        for (index, exception) in calendar.exceptions.enumerated() {
            let place = "\(path).exceptions[\(index)]"
            let ids = [exception.departmentID, exception.userID].compactMap(\.self)
            guard let id = ids.first, ids.count == 1 else { throw SettingsError.subjectMissing(place) }
            guard seen.insert(id.lowercased()).inserted else { throw SettingsError.twice(place) }
            guard !exception.hours.isEmpty || !exception.days.isEmpty else {
                throw SettingsError.exceptionEmpty(place)
            }
            try check(exception.hours, "\(place).hours")
            try check(exception.days, "\(place).days")
        }
        let count = calendar.encoded().count
        guard count <= Self.bytesMax else { throw SettingsError.calendarTooLong(count, max: Self.bytesMax, path) }
    }

    private func check(_ hours: [WeeklyHours], _ path: String) throws {
        try atMost(Self.hoursMax, hours, path)
        var known: [DayOfWeek: [Range<Int>]] = [:]
        for (index, part) in hours.enumerated() {
            guard let day = part.day, Self.isDay(day) else { throw SettingsError.dayUnknown("\(path)[\(index)].day") }
            let range = try range(part.start, part.end, "\(path)[\(index)]")
            try add(range, to: &known[day, default: []], "\(path)[\(index)]")
        }
    }

    private func check(_ days: [SpecialDay], _ path: String) throws {
        try atMost(Self.daysMax, days, path)
        var seen: Set<String> = []
        for (index, day) in days.enumerated() {
            let place = "\(path)[\(index)]"
            guard let date = day.date, CalendarDay(date) != nil else { throw SettingsError.date("\(place).date") }
            guard seen.insert(date).inserted else { throw SettingsError.twice("\(place).date") }
            if let name = day.displayName { try check(name, "\(place).display_name") }
            try atMost(Self.hoursMax, day.hours, "\(place).hours")
            var known: [Range<Int>] = []
            for (number, part) in day.hours.enumerated() {
                let range = try range(part.start, part.end, "\(place).hours[\(number)]")
                try add(range, to: &known, "\(place).hours[\(number)]")
            }
        }
    }

    private func check(_ name: String, _ path: String) throws {
        guard name.unicodeScalars.count <= Self.nameLengthMax else {
            throw SettingsError.tooLong(Self.nameLengthMax, path)
        }
        guard TextForm.oneLine.forbidden(in: name) == nil else { throw SettingsError.characters(path) }
    }

    private func range(_ start: String?, _ end: String?, _ path: String) throws -> Range<Int> {
        guard let first = start.flatMap({ MinuteOfDay($0) }), first.minutes < WorkPlan.minutesOfDay else {
            throw SettingsError.time("\(path).start", from: "00:00", to: "23:59")
        }
        guard let last = end.flatMap({ MinuteOfDay($0) }) else {
            throw SettingsError.time("\(path).end", from: "00:01", to: "24:00")
        }
        guard first < last else { throw SettingsError.endsBeforeItBegins("\(path).end") }
        return first.minutes..<last.minutes
    }

    private func add(_ range: Range<Int>, to known: inout [Range<Int>], _ path: String) throws {
        guard !known.contains(where: { $0.overlaps(range) }) else { throw SettingsError.overlap(path) }
        known.append(range)
    }

    private func atMost(_ most: Int, _ list: [some Any], _ path: String) throws {
        guard list.count <= most else { throw SettingsError.tooMany(list.count, max: most, path) }
    }
}
