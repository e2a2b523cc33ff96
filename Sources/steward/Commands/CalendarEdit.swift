import Contracts
import Tenancy

/// A working calendar that is changed: for all, or for a department or user who works otherwise.
struct CalendarEdit {
    enum Subject: Equatable {
        case all, department(String), user(String)
    }

    /// Hours and days of the subject.
    struct Part: Equatable {
        var hours: [WeeklyHours] = []
        var days: [SpecialDay] = []
    }

    private var whole: WorkingCalendar
    private let subject: Subject
    var part: Part

    /// Who sets hours of some days in a workspace without a calendar keeps those of the others.
    static let usualHours = [DayOfWeek.monday, .tuesday, .wednesday, .thursday, .friday].map {
        WeeklyHours(day: $0, start: "09:00", end: "17:00")
    }

    init(_ calendar: WorkingCalendar?, of subject: Subject) {
        whole = calendar ?? WorkingCalendar(hours: Self.usualHours)
        self.subject = subject
        part = Part()
        switch subject {
        case .all: part = Part(hours: whole.hours, days: whole.days)
        default:
            if let index = place {
                part = Part(hours: whole.exceptions[index].hours, days: whole.exceptions[index].days)
            }
        }
    }

    private var place: Int? {
        whole.exceptions.firstIndex { exception in
            switch subject {
            case .all: false
            case .department(let id): exception.departmentID == id
            case .user(let id): exception.userID == id
            }
        }
    }

    /// The calendar with what was changed; an exception without hours and days is none.
    var calendar: WorkingCalendar {
        var changed = whole
        let isEmpty = part == Part()
        switch subject {
        case .all: (changed.hours, changed.days) = (part.hours, part.days)
        case .department(let id):
            let exception = CalendarException(departmentID: id, hours: part.hours, days: part.days)
            changed.exceptions = others + (isEmpty ? [] : [exception])
        case .user(let id):
            let exception = CalendarException(userID: id, hours: part.hours, days: part.days)
            changed.exceptions = others + (isEmpty ? [] : [exception])
        }
        return changed
    }

    private var others: [CalendarException] {
        whole.exceptions.indices.filter { $0 != place }.map { whole.exceptions[$0] }
    }

    /// An exception begins with the hours of all, since it has all its hours or none.
    mutating func setHours(_ days: [DayOfWeek], _ hours: [DayHours]) throws {
        if part.hours.isEmpty { part.hours = whole.hours }
        part.hours.removeAll { $0.day.map(days.contains) ?? false }
        part.hours += days.flatMap { day in hours.map { WeeklyHours(day: day, start: $0.start, end: $0.end) } }
        guard subject == .all || !part.hours.isEmpty || whole.hours.isEmpty else {
            throw UsageProblem(
                "Nobody can be said to work at no hour of the week",
                cure: "name the days that are not worked with steward settings holiday add")
        }
        part.hours.sort { ($0.day?.rawValue ?? 0, $0.start ?? "") < ($1.day?.rawValue ?? 0, $1.start ?? "") }
    }

    mutating func add(_ days: [SpecialDay]) {
        let dates = Set(days.compactMap(\.date))
        part.days.removeAll { $0.date.map(dates.contains) ?? false }
        part.days = (part.days + days).sorted { ($0.date ?? "") < ($1.date ?? "") }
    }

    mutating func remove(_ dates: [String]) throws {
        let count = part.days.count
        part.days.removeAll { $0.date.map(dates.contains) ?? false }
        guard part.days.count < count else {
            throw UsageProblem(
                "\(dates.joined(separator: ", ")) is none of these days",
                cure: "steward settings holiday list shows them")
        }
    }

    // MARK: What people write

    private static let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    static func weekdays(_ text: String) throws -> [DayOfWeek] {
        let parts = text.lowercased().split(separator: "-").map(String.init)
        let numbers = try parts.map { part in
            guard let number = names.firstIndex(of: part) else {
                throw UsageProblem(
                    "\(part) is no day of the week",
                    cure: "write \(names.joined(separator: ", ")), or days as in monday-friday")
            }
            return number
        }
        guard let first = numbers.first, let last = numbers.last, numbers.count <= 2, first <= last else {
            throw UsageProblem(
                "\(text) are no days of a week", cure: "write the first and the last, as in monday-friday")
        }
        return (first...last).map { DayOfWeek(rawValue: Int32($0 + 1)) }
    }

    /// - Parameter texts: hours as in 09:00-17:00; none, and the word none, are no hours.
    static func hours(_ texts: [String]) throws -> [DayHours] {
        if texts.map({ $0.lowercased() }) == ["none"] { return [] }
        return try texts.map { text in
            guard let match = text.wholeMatch(of: /(\d\d:\d\d)-(\d\d:\d\d)/) else {
                throw UsageProblem("\(text) are no hours", cure: "write them as in 09:00-17:00, or none")
            }
            return DayHours(start: String(match.1), end: String(match.2))
        }
    }

    /// Days of a year, at most.
    private static let datesMax = 366

    static func dates(_ first: String, to last: String?) throws -> [String] {
        guard let begin = CalendarDay(first), let end = CalendarDay(last ?? first) else {
            throw UsageProblem("\(last ?? first) is no day", cure: "write it as in 2026-10-01")
        }
        guard begin <= end, end.daysSince1970 - begin.daysSince1970 < datesMax else {
            throw UsageProblem(
                "\(first) to \(last ?? first) are no days of one year",
                cure: "give a last day that comes after the first, within a year")
        }
        return (begin.daysSince1970...end.daysSince1970).map { CalendarDay(daysSince1970: $0).text }
    }
}

/// How a working calendar is shown.
enum CalendarText {
    static func summary(_ calendar: WorkingCalendar) -> String {
        func count(_ number: Int, _ one: String, _ many: String) -> String? {
            number == 0 ? nil : "\(number) \(number == 1 ? one : many)"
        }
        return [
            hours(calendar.hours), count(calendar.days.count, "day", "days"),
            count(calendar.exceptions.count, "exception", "exceptions"),
        ].compactMap(\.self).joined(separator: "; ")
    }

    /// Days one after the other that have the same hours stand together: MONDAY-FRIDAY 09:00-12:00 13:00-18:00.
    static func hours(_ hours: [WeeklyHours]) -> String {
        let names = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
        let texts = (1...7).map { day in
            hours.filter { $0.day?.rawValue == Int32(day) }.map { "\($0.start ?? "")-\($0.end ?? "")" }.sorted()
                .joined(separator: " ")
        }
        var groups: [(first: Int, last: Int)] = []
        for day in texts.indices where !texts[day].isEmpty {
            if let last = groups.last, last.last == day - 1, texts[last.first] == texts[day] {
                groups[groups.count - 1].last = day
            } else {
                groups.append((day, day))
            }
        }
        return groups.map { group in
            let days = group.first == group.last ? names[group.first] : "\(names[group.first])-\(names[group.last])"
            return "\(days) \(texts[group.first])"
        }.joined(separator: ", ")
    }

    static func hours(_ day: SpecialDay) -> String {
        day.hours.isEmpty ? "none" : day.hours.map { "\($0.start ?? "")-\($0.end ?? "")" }.joined(separator: " ")
    }
}
