package import AccessControl
import Contracts
import RPC
import ServiceHost
package import Tenancy

/// Identity's own policies, compiled from its tables and kept until they change.
package final class LocalPolicies: PolicySource, Sendable {
    private let compile: @Sendable (TenantID, Deadline) async throws -> TenantPolicy
    private let cache = PolicyCache(countMax: 2_000)

    /// - Parameter compile: puts a tenant's policy together, as `PolicyCompiler` does. All who wait for it share what it
    ///   gives, so that its deadline is nobody's own.
    init(_ compile: @escaping @Sendable (TenantID, Deadline) async throws -> TenantPolicy) {
        self.compile = compile
    }

    package func snapshot(of tenant: TenantID, minEpoch: Int64) async throws -> PolicySnapshot {
        try await cache.policy(of: tenant, minEpoch: minEpoch) { [compile, cache] in
            let policy = try await compile(tenant, .after(HostLimits.policyFetchTimeout))
            guard let snapshot = PolicySnapshot(policy, knowing: cache.model(of: tenant)) else {
                throw IdentityError.tenantNotFound
            }
            return snapshot
        }
    }

    /// Identity writes policies itself, so its own are never stale.
    package func requireFreshForWrite() {}

    /// Drops what is known of a tenant whose policy changed.
    func forget(_ tenant: TenantID) { cache.forget(tenant) }
}
