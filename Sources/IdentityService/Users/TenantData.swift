import Postgres
import RPC
import Tenancy
import TenantDatabase

/// What identity itself does in a tenant's schema, outside of any user's call: checking a sign-in, compiling a policy,
/// setting up.
struct TenantData: Sendable {
    let database: TenantDatabase

    /// Runs queries as one reading transaction, in one round trip; gives the rows of each.
    func read(
        _ tenant: TenantID, _ queries: Query..., purpose: Purpose, deadline: Deadline
    ) async throws -> [Rows] {
        try await translatingErrors {
            try await database.batch(
                TenantActor(tenant, purpose: purpose, onBehalfOf: nil), deadline: deadline.nanoseconds,
                access: .snapshot,
                queries.map { ($0.statement, $0.parameters) })
        }
    }

    /// Runs `body` as one transaction; what it throws undoes it.
    func transaction<Value: Sendable>(
        _ tenant: TenantID, purpose: Purpose, deadline: Deadline,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await translatingErrors {
            try await database.transaction(
                TenantActor(tenant, purpose: purpose, onBehalfOf: nil), deadline: deadline.nanoseconds, body)
        }
    }

    /// Runs queries as one transaction, in one round trip; gives the rows of each.
    @discardableResult
    func write(
        _ tenant: TenantID, _ queries: [Query], purpose: Purpose, deadline: Deadline
    ) async throws -> [Rows] {
        try await translatingErrors {
            try await database.batch(
                TenantActor(tenant, purpose: purpose, onBehalfOf: nil), deadline: deadline.nanoseconds,
                access: .readWrite,
                queries.map { ($0.statement, $0.parameters) })
        }
    }
}
