import Tenancy
import Text
import Work

/// When a transfer happens that is asked for with a day.
struct TransferTime: Hashable, Sendable {
    /// A plan for longer than a year is a plan of somebody else.
    static let daysAheadMax = 366

    /// The first moment of the day; nil for now.
    let moment: Timestamp?

    /// - Parameter day: YYYY-MM-DD in the zone that holds then; nil, empty and today mean now.
    /// - Throws: INVALID_ARGUMENT with INVALID_DATE, or OUT_OF_RANGE for a day that is past or too far ahead.
    init(_ day: String?, at now: Timestamp, in zones: SettingsZones) throws {
        guard let day, !day.isEmpty else {
            moment = nil
            return
        }
        guard let wanted = CalendarDay(day) else { throw IdentityError.dateInvalid }
        let zone = zones.zone(at: now)
        let seconds = now.secondsAndNanos.seconds
        let today = CalendarDay(daysSince1970: Int((seconds + zone.offset(at: seconds)) / Self.daySeconds))
        let last = CalendarDay(daysSince1970: today.daysSince1970 + Self.daysAheadMax)
        guard (today...last).contains(wanted) else {
            throw IdentityError.dateOutOfRange(today, last, zone: zone.name)
        }
        moment = wanted == today ? nil : zones.beginning(ofDay: Int64(wanted.daysSince1970))
    }

    static let daySeconds: Int64 = 86_400
}
