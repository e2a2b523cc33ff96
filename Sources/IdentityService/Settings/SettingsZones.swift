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

    /// When a day begins that a moment lies in by another zone's clocks.
    func beginning(ofDay day: Int64, near moment: Timestamp) -> Timestamp {
        Timestamp(seconds: zone(at: moment).moment(showing: day * TransferTime.daySeconds))
    }
}
