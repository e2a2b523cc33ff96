package import Tenancy
package import Text

/// When a job is to run. Times of day are those of the tenant's time zone (`TimeZone.moment(showing:)` tells which moments they are
/// when clocks are changed).
package enum JobSchedule: Hashable, Sendable {
    case once(Timestamp)
    /// At the multiples of so many minutes since 1970 in UTC, whatever clocks show. At least 1.
    case every(minutes: Int)
    case daily(TimeOfDay)
    case weekly(Weekday, TimeOfDay)
    /// On this day of each month, from 1 to 31; on the last one of a month that is shorter.
    case monthly(day: Int, TimeOfDay)

    /// The first moment after another one; nil when there is none.
    package func next(after moment: Timestamp, in zone: TimeZone) -> Timestamp? {
        switch self {
        case .once(let only): return only > moment ? only : nil
        case .every(let minutes):
            precondition(minutes > 0, "time goes on")
            let step = Int64(minutes) * 60
            let whole = moment.secondsAndNanos.seconds
            return Timestamp(seconds: (whole.quotient(step) + 1) * step)
        case .daily(let time): return next(after: moment, in: zone, at: time) { _ in true }
        case .weekly(let weekday, let time):
            return next(after: moment, in: zone, at: time) { Weekday(of: $0) == weekday }
        case .monthly(let day, let time):
            precondition((1...31).contains(day), "months have 1 to 31 days")
            return next(after: moment, in: zone, at: time) { $0.isDay(day) }
        }
    }

    /// The distance of two moments is never longer, in seconds.
    var periodMax: Int64 {
        switch self {
        case .once: 0
        case .every(let minutes): Int64(minutes) * 60
        case .daily: 2 * Self.daySeconds
        case .weekly: 8 * Self.daySeconds
        case .monthly: 32 * Self.daySeconds
        }
    }

    static let daySeconds: Int64 = 86_400

    private func next(
        after moment: Timestamp, in zone: TimeZone, at time: TimeOfDay, where isWanted: (CalendarDay) -> Bool
    ) -> Timestamp? {
        let seconds = moment.secondsAndNanos.seconds
        let today = (seconds + zone.offset(at: seconds)).quotient(Self.daySeconds)
        // From the day before: a time that was left out on it may be shown after midnight. No two days are further apart than a month.
        for day in Int(today) - 1...Int(today) + 32 where isWanted(CalendarDay(daysSince1970: day)) {
            let local = Int64(day) * Self.daySeconds + time.seconds
            let candidate = Timestamp(seconds: zone.moment(showing: local))
            if candidate > moment { return candidate }
        }
        return nil
    }
}

/// What the clock on the wall shows, to the minute.
package struct TimeOfDay: Hashable, Sendable {
    /// Seconds since midnight on a day without a change of clocks.
    let seconds: Int64

    /// - Parameters:
    ///   - hour: 0 to 23.
    ///   - minute: 0 to 59.
    package init(_ hour: Int, _ minute: Int = 0) {
        precondition((0...23).contains(hour) && (0...59).contains(minute), "a day has 24 hours of 60 minutes")
        seconds = Int64(hour * 3600 + minute * 60)
    }
}

package enum Weekday: Int, Sendable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// 1970-01-01 was a Thursday.
    init?(of day: CalendarDay) { self.init(rawValue: Int(Int64(day.daysSince1970 + 3).remainder(7))) }
}

extension CalendarDay {
    /// Whether it is this day of its month, or the last one of a month that has no such day.
    fileprivate func isDay(_ wanted: Int) -> Bool {
        let day = components.day
        let isLast = CalendarDay(daysSince1970: daysSince1970 + 1).components.day == 1
        return day == wanted || (day < wanted && isLast)
    }
}

// Rounded down, also below zero.
extension Int64 {
    func quotient(_ divisor: Int64) -> Int64 { (self - remainder(divisor)) / divisor }

    func remainder(_ divisor: Int64) -> Int64 {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
