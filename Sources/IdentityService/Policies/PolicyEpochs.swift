import Postgres
import RPC
import Tenancy

/// Raises the version of a tenant's policy around each change, and tells the services.
struct PolicyEpochs: Sendable {
    let directory: Directory
    let feed: ChangeFeed

    /// Says that a change is about to be committed in the tenant's schema.
    func announce(_ mark: PolicyMark, deadline: Deadline) async throws {
        try await directory.write(PolicyMarkTable.put(mark, now: .now()), deadline: deadline)
    }

    /// Says that the change is committed: the policy has a new version from now on, which this gives.
    func publish(_ mark: PolicyMark, deadline: Deadline) async throws -> Int64? {
        try await publish(mark.tenantID, removing: PolicyMarkTable.remove(mark), deadline: deadline)
    }

    /// Gives the policy a new version after changes whose writer is gone.
    func publishAbandoned(_ tenant: TenantID, before moment: Timestamp, deadline: Deadline) async throws {
        _ = try await publish(
            tenant, removing: PolicyMarkTable.removeAbandoned(tenant, before: moment), deadline: deadline)
    }

    private func publish(_ tenant: TenantID, removing marks: Query, deadline: Deadline) async throws -> Int64? {
        let rows = try await directory.write(
            TenantTable.bumpEpoch(tenant, now: .now()), marks, deadline: deadline)
        guard let epoch = try rows[0].first?.int64(0) else { return nil }
        feed.announce(PolicyChangeEvent(tenantID: tenant, epoch: epoch))
        return epoch
    }
}
