package import AccessControl
import Contracts
import RPC
import ServiceHost
import Synchronization
package import Tenancy

/// Identity's own policies, compiled from its tables and kept until they change.
package final class LocalPolicies: PolicySource, Sendable {
    /// Tenants whose policy is kept; past it one is dropped for each that comes.
    static let tenantsMax = 2_000

    private struct Cache {
        var snapshots: [TenantID: PolicySnapshot] = [:]
        /// Counts the changes announced; what was read before a change is not kept after it.
        var changes = 0
    }

    private let compiler: PolicyCompiler
    private let cache = Mutex(Cache())

    init(compiler: PolicyCompiler) {
        self.compiler = compiler
    }

    package func snapshot(
        of tenant: TenantID, minEpoch: Int64, deadlineNanos: UInt64
    ) async throws -> PolicySnapshot {
        let (known, changes) = cache.withLock { ($0.snapshots[tenant], $0.changes) }
        if let known, known.epoch >= minEpoch { return known }
        let policy = try await compiler.policy(of: tenant, deadline: Deadline(nanoseconds: deadlineNanos))
        guard let snapshot = PolicySnapshot(policy) else { throw IdentityError.tenantNotFound }
        cache.withLock { cache in
            guard cache.changes == changes else { return }
            if cache.snapshots.count >= LocalPolicies.tenantsMax, let victim = cache.snapshots.keys.first {
                cache.snapshots[victim] = nil
            }
            cache.snapshots[tenant] = snapshot
        }
        return snapshot
    }

    /// Identity writes policies itself, so its own are never stale.
    package func requireFreshForWrite() {}

    /// Drops what is known of a tenant whose policy changed.
    func forget(_ tenant: TenantID) {
        cache.withLock { cache in
            cache.changes += 1
            cache.snapshots[tenant] = nil
        }
    }
}
