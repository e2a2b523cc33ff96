import Records
import Synchronization
import Tenancy

/// How many watch jobs of a service in this process: as many as may watch records, of a workspace and of a user.
final class JobWatches: Sendable {
    private let limits: WatchLimits
    private let counts = Mutex<[TenantID: [UserID?: Int]]>([:])

    init(_ limits: WatchLimits) { self.limits = limits }

    /// Runs a watch, if there is a place for it.
    /// - Throws: RESOURCE_EXHAUSTED with WATCHES_TOO_MANY.
    func watching(_ actor: TenantActor, _ watch: () async throws -> Void) async throws {
        try enter(actor)
        defer { leave(actor) }
        try await watch()
    }

    private func enter(_ actor: TenantActor) throws {
        try counts.withLock { counts in
            let users = counts[actor.tenantID] ?? [:]
            guard users.values.reduce(0, +) < limits.ofTenantMax else {
                throw JobError.watchesTooMany("workspace", limits.ofTenantMax)
            }
            guard users[actor.userID, default: 0] < limits.ofUserMax else {
                throw JobError.watchesTooMany("user", limits.ofUserMax)
            }
            counts[actor.tenantID, default: [:]][actor.userID, default: 0] += 1
        }
    }

    private func leave(_ actor: TenantActor) {
        counts.withLock { counts in
            let left = (counts[actor.tenantID]?[actor.userID] ?? 1) - 1
            counts[actor.tenantID]?[actor.userID] = left > 0 ? left : nil
            if counts[actor.tenantID]?.isEmpty == true { counts[actor.tenantID] = nil }
        }
    }
}
