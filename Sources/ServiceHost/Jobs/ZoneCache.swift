import AccessControl
import Logging
import Observability
import Records
import Synchronization
import Tenancy
import Text

/// Time zones of tenants. Each zone's rules are read once. Where ICU is older than the list of names that settings take, schedules go by UTC, and
/// a warning says so: jobs that wait for no hour do not wait for a newer ICU.
struct ZoneCache: Sendable {
    private let policies: any PolicySource
    private let logger: Logger
    private let known = Known()

    private final class Known: Sendable {
        let zones = Mutex<[String: TimeZone]>([:])
    }

    init(_ policies: any PolicySource, _ logger: Logger) { (self.policies, self.logger) = (policies, logger) }

    /// The zone that the workspace's settings name.
    func zone(of tenant: TenantID) async throws -> TimeZone {
        try zone(try await policies.snapshot(of: tenant, minEpoch: 0).settings.timeZone)
    }

    private func zone(_ name: String) throws -> TimeZone {
        try known.zones.withLock { zones in
            if let zone = zones[name] { return zone }
            if let zone = TimeZone(name) {
                zones[name] = zone
                return zone
            }
            let utc = try TimeZone.known("UTC")
            logger.warning(
                "ICU does not know a workspace's time zone: schedules go by UTC; install a newer libicu",
                metadata: [LogKey.timeZone: "\(name)"])
            zones[name] = utc
            return utc
        }
    }
}
