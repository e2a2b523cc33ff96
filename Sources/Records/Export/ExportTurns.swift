import RPC
import Synchronization
import Tenancy

/// Keeps the exports of each workspace within bounds in this process: few at a time, and within a budget of their own, so that they take nothing
/// of what the workspace's people may use at the gateway.
final class ExportTurns: Sendable {
    /// Each holds a page in memory, 8 MiB at most.
    static let countMax = 4
    /// Of one user, so that no one takes all places of the workspace.
    static let userCountMax = 2
    /// Units that all exports of a workspace may cost each second, in the long run: some 30,000 records, a fifth of a core.
    static let unitsPerSecond = 2_000
    /// Units at once after a pause, as many as people have at the gateway unless that is set otherwise: some 800,000 records.
    static let unitsBurst = 50_000

    private struct Workspace {
        /// Exports under way of each user; of programs that work for nobody together.
        var counts: [UserID?: Int] = [:]
        var bucket: TokenBucket
    }

    /// Those that export, or did lately.
    private let workspaces = Mutex<[TenantID: Workspace]>([:])

    /// Throws RESOURCE_EXHAUSTED with EXPORTS_TOO_MANY.
    func begin(_ actor: TenantActor, now: UInt64) throws {
        try workspaces.withLock { workspaces in
            var workspace =
                workspaces[actor.tenantID]
                ?? Workspace(bucket: TokenBucket(burst: Self.unitsBurst, perSecond: Self.unitsPerSecond, now: now))
            guard workspace.counts[actor.userID, default: 0] < Self.userCountMax else {
                throw RecordErrors.exportsTooMany("user", Self.userCountMax)
            }
            guard workspace.counts.values.reduce(0, +) < Self.countMax else {
                throw RecordErrors.exportsTooMany("workspace", Self.countMax)
            }
            workspace.counts[actor.userID, default: 0] += 1
            workspaces[actor.tenantID] = workspace
        }
    }

    func charge(_ units: UInt32, to tenant: TenantID, now: UInt64) {
        workspaces.withLock { $0[tenant]?.bucket.charge(Int(units), at: now) }
    }

    /// How many nanoseconds an export is to wait before its next page.
    func wait(of tenant: TenantID, now: UInt64) -> UInt64 {
        workspaces.withLock { $0[tenant]?.bucket.wait(for: 0, at: now) ?? 0 }
    }

    func end(_ actor: TenantActor, now: UInt64) {
        workspaces.withLock { workspaces in
            if let count = workspaces[actor.tenantID]?.counts[actor.userID] {
                workspaces[actor.tenantID]?.counts[actor.userID] = count > 1 ? count - 1 : nil
            }
            workspaces = workspaces.filter { !$0.value.counts.isEmpty || $0.value.bucket.untilFull(at: now) > 0 }
        }
    }
}
