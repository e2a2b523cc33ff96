import AccessControl
import RPC
import Records
import Synchronization
import Tenancy
import Text

/// Time zones of tenants. Each zone's rules are read once.
struct ZoneCache: Sendable {
    private let policies: any PolicySource
    private let known = Known()

    private final class Known: Sendable {
        let zones = Mutex<[String: TimeZone]>([:])
    }

    init(_ policies: any PolicySource) { self.policies = policies }

    /// The zone that the workspace's settings name.
    func zone(of tenant: TenantID) async throws -> TimeZone {
        try zone(try await policies.snapshot(of: tenant, minEpoch: 0).settings.timeZone)
    }

    private func zone(_ name: String) throws -> TimeZone {
        try known.zones.withLock { zones in
            if let zone = zones[name] { return zone }
            guard let zone = TimeZone(name) else {
                throw RPCError(.internal, reason: "TIME_ZONE_UNKNOWN", "ICU does not know the time zone \(name).")
            }
            zones[name] = zone
            return zone
        }
    }
}
