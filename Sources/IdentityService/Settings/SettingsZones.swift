import Contracts
import Records
import Tenancy
import Text

/// The time zones of a workspace, by the moments from which they hold.
struct SettingsZones {
    private let zones: [(since: Timestamp, zone: TimeZone)]

    /// - Parameter zones: in the order in which they hold; never empty.
    init(_ zones: [(since: Timestamp, zone: TimeZone)]) { self.zones = zones }

    init(_ timeline: SettingsTimeline) throws {
        self.init(try timeline.versions.map { ($0.effectiveAt, try TimeZone.known($0.values.timeZone ?? "UTC")) })
    }

    func zone(at moment: Timestamp) -> TimeZone { (zones.last { $0.since <= moment } ?? zones[0]).zone }

    /// The first moment of a day by the clocks that hold then: where another zone begins to hold after midnight by its own clocks, and it was the day before by those
    /// that held until then, that moment.
    func beginning(ofDay day: Int64) -> Timestamp {
        for (index, period) in zones.enumerated() {
            let midnight = Timestamp(seconds: period.zone.moment(showing: day * TransferTime.daySeconds))
            let first = index == 0 ? midnight : max(midnight, period.since)
            if index + 1 == zones.count || first < zones[index + 1].since { return first }
        }
        preconditionFailure("there is a zone")
    }
}
