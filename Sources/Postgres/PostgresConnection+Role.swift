import Reactor
import Tenancy

// Meeting a tenant.
extension PostgresConnection {
    /// Takes on the role of the scope, unless this backend has done so before: in a unit of its own, so that nothing of the caller's was sent when
    /// it is refused.
    ///
    /// PostgreSQL remembers for each backend of which roles its login is a member, and reads that anew after each grant. A grant that comes while it
    /// reads (6 µs for each role of the login) is missed until the next grant in the cluster (roles_is_member_of, as of PostgreSQL 15). A role that was
    /// taken on once cannot be missed later.
    /// - Throws: `.roleRefused`; the connection is closed then if it is the backend that is wrong.
    func meet(_ scope: TransactionScope) async throws(PostgresError) {
        guard scope.assumesRole, let key = scope.slot else { return }
        let slot = slot(for: key)
        guard !slot.isRoleKnown else { return }
        try checkTime(scope, now: MonotonicTime.now())
        session.begin(isFramed: false)
        try sendRole(slot)
        do throws(PostgresError) {
            try await exchange(deadline: scope.deadline)
        } catch  where error.kind == .roleRefused {
            if try await isMember(of: slot, deadline: scope.deadline) {
                close(
                    PostgresError(
                        .connectionLost, "the backend has missed the grant of \(slot.schema.role): it is replaced"))
            }
            throw error
        }
    }

    /// What the catalogue says of the login, which no backend has to remember.
    private func isMember(of slot: TenantSlot, deadline: UInt64) async throws(PostgresError) -> Bool {
        try sendUnprepared(
            """
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_auth_members granted
                WHERE granted.roleid = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = '\(slot.schema.role)')
                AND granted.member = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = session_user))
            """, isKept: true)
        try await exchange(deadline: deadline)
        return try takeLastRows().one().bool(0)
    }
}
