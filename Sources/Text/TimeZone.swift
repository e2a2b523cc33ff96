import CICU
import Synchronization

/// The rules of a time zone of the IANA database, as ICU knows them.
package final class TimeZone: Sendable {
    package let name: String
    private let rules: Mutex<Rules>

    // SAFETY: only used under the mutex.
    private struct Rules: @unchecked Sendable { let calendar: UnsafeMutableRawPointer }

    /// Nil for a name that ICU does not know, since libicu may be older than the list of names that records take, and for a zone of which it
    /// cannot tell the clocks.
    package init?(_ name: String) {
        let units = Array(name.utf16)
        guard let calendar = steward_time_zone(units, Int32(units.count)) else { return nil }
        self.name = name
        rules = Mutex(Rules(calendar: calendar))
        guard Self.samples.allSatisfy({ knownOffset(at: $0) != nil }) else { return nil }
    }

    /// 0001-01-01, 1970-01-01 and 9999-12-31: before all rules, among them, after all. Who can tell these can tell any.
    private static let samples: [Int64] = [-62_135_596_800, 0, 253_402_214_400]

    deinit { rules.withLock { steward_close_time_zone($0.calendar) } }

    /// How far its clocks are ahead of UTC, in seconds, so many seconds after 1970 began in UTC.
    package func offset(at seconds: Int64) -> Int64 {
        guard let offset = knownOffset(at: seconds) else {
            preconditionFailure("ICU cannot tell what the clocks of \(name) show at \(seconds)")
        }
        return offset
    }

    /// Nil when ICU cannot tell, as of moments millions of years away.
    func knownOffset(at seconds: Int64) -> Int64? {
        rules.withLock {
            var offset: Int32 = 0
            return steward_zone_offset($0.calendar, Double(seconds) * 1000, &offset) ? Int64(offset) / 1000 : nil
        }
    }

    /// When its clocks show a time, in seconds after 1970 began in UTC.
    ///
    /// A time that they show twice is the first of both. One that they leave out is as much later as they are put forward: 02:30 is 03:30
    /// when 02:00 becomes 03:00.
    ///
    /// - Parameter local: seconds from 1970-01-01T00:00 to that time if no clock were ever changed.
    package func moment(showing local: Int64) -> Int64 {
        let (before, after) = (offset(at: local - Self.day), offset(at: local + Self.day))
        let (first, second) = (local - before, local - after)
        return first + offset(at: first) != local && second + offset(at: second) == local ? second : first
    }

    /// Zones are at most 14 hours from UTC, and no two changes are so near to each other.
    private static let day: Int64 = 86_400
}
