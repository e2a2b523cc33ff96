import Reactor
import Tenancy

// Learning what another connection knows.
extension PostgresConnection {
    /// Tenants that a successor learns; those that were served last. What came before them comes back one by one.
    private static let warmTenantCountMax = 400
    /// The part of the time in which it learns: in the rest others have the processor.
    private static let warmPauseFactor = 3
    /// Longest time for all of it.
    private static let warmTimeMax: Duration = .seconds(30)

    /// Prepares the statements of the tenants that the other one served last, and has the server look at their tables. Ends early
    /// when something fails: then the first calls do it, as on any new connection.
    func warm(like other: PostgresConnection) async {
        let end = MonotonicTime.moment(Self.warmTimeMax, after: MonotonicTime.now())
        let tenants = other.slots.values.sorted { $0.lastUse > $1.lastUse }.prefix(Self.warmTenantCountMax)
        let known = Dictionary(grouping: other.statements.all.filter { $0.key.slot != nil }) { $0.key.slot }
        for tenant in tenants.reversed() {
            let start = MonotonicTime.now()
            guard start < end, isOpen else { return }
            do {
                try await learn(tenant, known[tenant.key] ?? [])
                let pause = Int(MonotonicTime.now() - start) * Self.warmPauseFactor
                try await loop.sleep(for: .nanoseconds(pause))
            } catch {
                leaseError = nil
                if isOpen, !isAtRest { _ = await rest() }
                return
            }
        }
    }

    /// One transaction that changes and reads nothing of the tenant but its stamp.
    private func learn(_ tenant: TenantSlot, _ known: [PreparedStatement]) async throws(PostgresError) {
        var scope = TransactionScope(
            access: .readOnly, tenant: tenant.schema.tenantID, service: tenant.schema.service, stamp: tenant.stamp,
            deadline: MonotonicTime.now() + Self.abandonAfter)
        scope.assumesRole = tenant.isRolePrepared
        try sendBegin(scope, label: nil)
        for statement in known { try sendWarming(statement) }
        try sendCommit(.readOnly)
        try await exchange(deadline: scope.deadline)
    }
}
