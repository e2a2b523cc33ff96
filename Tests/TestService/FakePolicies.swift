package import AccessControl
import RPC
package import Synchronization
package import Tenancy

/// Policies that a test sets.
package final class FakePolicies: PolicySource {
    package let snapshots = Mutex<[TenantID: PolicySnapshot]>([:])
    package let isStale = Mutex(false)

    package init() {}

    package func snapshot(of tenant: TenantID, minEpoch: Int64) async throws -> PolicySnapshot {
        guard let snapshot = snapshots.withLock({ $0[tenant] }) else {
            throw RPCError.notFound("TENANT_UNKNOWN", "There is no such tenant.")
        }
        return snapshot
    }

    package func requireFreshForWrite() throws {
        if isStale.withLock({ $0 }) {
            throw RPCError.unavailable("POLICY_STALE", "Nothing heard from identity.")
        }
    }
}
