import Postgres
import RPC
import Synchronization
import Tenancy
import TenantDatabase

/// Where tenants' data of identity lies, from the directory, kept until it changes.
final class DirectoryPlacements: PlacementSource, Sendable {
    /// Placements that are kept; past it one is dropped for each that comes.
    static let placementsMax = 100_000
    static let timeout = Duration.seconds(5)

    private struct Cache {
        var placements: [TenantID: Placement] = [:]
        /// Counts the changes; what was read before a change is not kept after it.
        var changes = 0
    }

    private let directory: Directory
    private let cache = Mutex(Cache())

    init(directory: Directory) {
        self.directory = directory
    }

    func placement(of tenant: TenantID, service: ServiceName) async throws -> Placement {
        let (known, changes) = cache.withLock { ($0.placements[tenant], $0.changes) }
        if let known, known.service == service { return known }
        let rows = try await directory.read(
            PlacementTable.list(tenant), deadline: .after(DirectoryPlacements.timeout))
        let placements = try PlacementTable.placements(of: tenant, in: rows)
        guard let placement = placements.first(where: { $0.service == service }) else {
            throw IdentityError.tenantNotFound
        }
        cache.withLock { cache in
            guard cache.changes == changes else { return }
            if cache.placements.count >= DirectoryPlacements.placementsMax,
                let victim = cache.placements.keys.first
            {
                cache.placements[victim] = nil
            }
            cache.placements[tenant] = placement
        }
        return placement
    }

    /// Drops what is known of a tenant that was moved or removed.
    func forget(_ tenant: TenantID) {
        cache.withLock { cache in
            cache.changes += 1
            cache.placements[tenant] = nil
        }
    }
}
