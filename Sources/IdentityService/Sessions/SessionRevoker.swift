import Postgres
import RPC
import Tenancy

/// Ends sessions before their time, and tells the gateways at once.
struct SessionRevoker: Sendable {
    let directory: Directory
    let feed: ChangeFeed

    /// Ends the sessions of a user or operator and what could renew them, except those of one family.
    func revoke(_ owner: SessionOwner, exceptFamily family: RecordID? = nil, deadline: Deadline) async throws {
        let now = Timestamp.now()
        try await revoke(
            SessionTable.revoke(owner, exceptFamily: family, now: now),
            RefreshTokenTable.revoke(owner, exceptFamily: family, now: now), deadline)
    }

    func revoke(family: RecordID, of owner: SessionOwner, deadline: Deadline) async throws {
        let now = Timestamp.now()
        try await revoke(
            SessionTable.revoke(family: family, of: owner, now: now),
            RefreshTokenTable.revoke(family: family, of: owner, now: now), deadline)
    }

    /// Ends the sessions of all users of a tenant.
    func revoke(tenant: TenantID, deadline: Deadline) async throws {
        let now = Timestamp.now()
        try await revoke(
            SessionTable.revoke(tenant: tenant, now: now), RefreshTokenTable.revoke(tenant: tenant, now: now),
            deadline)
        feed.announce(endedTenant: tenant)
    }

    /// Ends the sessions of a tenant's users who are not among those who may sign in.
    func revoke(tenant: TenantID, exceptUsers users: [UserID], deadline: Deadline) async throws {
        let now = Timestamp.now()
        let ids = users.map(\.id)
        try await revoke(
            SessionTable.revoke(tenant: tenant, exceptUsers: ids, now: now),
            RefreshTokenTable.revoke(tenant: tenant, exceptUsers: ids, now: now), deadline)
    }

    /// A renewal that is under way holds its token's row: the first statement waits for it, and the others see the
    /// session and the token that it made.
    private func revoke(_ sessions: Query, _ refreshTokens: Query, _ deadline: Deadline) async throws {
        let rows = try await directory.write(refreshTokens, sessions, refreshTokens, deadline: deadline)
        feed.announce(endedSessions: try rows[1].map { try $0.id(0) })
    }
}
