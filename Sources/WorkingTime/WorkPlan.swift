package import Tenancy

/// The hours of each day: those of its day of the week, and of days that are otherwise.
package struct WorkPlan: Hashable, Sendable {
    /// Minutes after 00:00, in order, for Monday to Sunday.
    package private(set) var weekly: [[Range<Int>]]
    /// Days that are not as their day of the week; without hours they are holidays.
    package private(set) var days: [CalendarDay: [Range<Int>]]

    package static let minutesOfDay = 1_440

    /// Monday to Friday from 09:00 to 17:00.
    package static let usual = WorkPlan(
        weekly: [Int: [Range<Int>]](uniqueKeysWithValues: (1...5).map { ($0, [540..<1_020]) }))

    /// - Parameters:
    ///   - weekly: by day of the week, 1 for Monday to 7 for Sunday. Other numbers are left out, and so is of each hour what lies in no day.
    ///   - days: days that are otherwise.
    package init(weekly: [Int: [Range<Int>]], days: [CalendarDay: [Range<Int>]] = [:]) {
        self.weekly = (1...7).map { WorkPlan.ordered(weekly[$0] ?? []) }
        self.days = days.mapValues(WorkPlan.ordered)
    }

    /// Hours that touch or overlap are one.
    private static func ordered(_ hours: [Range<Int>]) -> [Range<Int>] {
        var ordered: [Range<Int>] = []
        for range in hours.map({ $0.clamped(to: 0..<minutesOfDay) }).sorted(by: { $0.lowerBound < $1.lowerBound })
        where !range.isEmpty {
            if let last = ordered.last, last.upperBound >= range.lowerBound {
                ordered[ordered.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                ordered.append(range)
            }
        }
        return ordered
    }

    /// The plan of somebody who works otherwise.
    ///
    /// - Parameters:
    ///   - weekly: hours of the week in place of these; nil leaves them.
    ///   - others: days that are otherwise, in place of these on the same dates.
    package func changed(weekly: [Int: [Range<Int>]]?, days others: [CalendarDay: [Range<Int>]]) -> WorkPlan {
        let other = WorkPlan(weekly: weekly ?? [:], days: others)
        var plan = self
        if weekly != nil { plan.weekly = other.weekly }
        plan.days.merge(other.days) { $1 }
        return plan
    }

    package func hours(on day: CalendarDay) -> [Range<Int>] { days[day] ?? weekly[day.weekday - 1] }

    package func isWorkingDay(_ day: CalendarDay) -> Bool { !hours(on: day).isEmpty }
}

extension CalendarDay {
    /// 1 for Monday to 7 for Sunday. 1970 began on a Thursday.
    package var weekday: Int {
        let day = (daysSince1970 + 3) % 7
        return (day < 0 ? day + 7 : day) + 1
    }
}
