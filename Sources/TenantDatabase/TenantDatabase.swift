package import Postgres
import Reactor
package import Tenancy

/// Transactions inside one tenant's schema: the only way from a service to SQL.
///
/// The tenant comes from the actor: the authenticated caller, or a program for a declared purpose. The transaction assumes the tenant's role, so that PostgreSQL itself
/// refuses every other schema, whatever a statement says. All calls run on an event loop of the program.
///
/// Whoever knows from the tenant's policy where its data lies says so (`at`), so that it is not looked up again.
///
/// A connection that serves a tenant for the first time checks the stamp in the schema's `meta` within the same round
/// trip: tenant, service, and a version in `schemaVersions`.
package struct TenantDatabase: Sendable {
    package let service: ServiceName
    let databases: DatabaseSet
    private let placements: any PlacementSource
    private let schemaVersions: ClosedRange<Int>

    /// `schemaVersions`: the versions of a tenant's schema that this program understands.
    package init(
        service: ServiceName, databases: DatabaseSet, placements: any PlacementSource,
        schemaVersions: ClosedRange<Int>
    ) {
        self.service = service
        self.databases = databases
        self.placements = placements
        self.schemaVersions = schemaVersions
    }

    /// One reading statement in one round trip.
    /// - Throws: `PostgresError`, or what the placement source throws.
    package func read(
        _ actor: TenantActor, at place: Placement? = nil, deadline: UInt64, _ statement: Statement,
        _ parameters: Parameters
    ) async throws -> Rows {
        let (pool, scope) = try await prepare(actor.tenantID, place, deadline, .readOnly)
        return try await pool.run(scope, statement, parameters)
    }

    /// Several statements in one transaction and one round trip: all or nothing.
    package func batch(
        _ actor: TenantActor, at place: Placement? = nil, deadline: UInt64, access: TransactionAccess = .readWrite,
        _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        let (pool, scope) = try await prepare(actor.tenantID, place, deadline, access)
        return try await pool.run(scope, statements)
    }

    /// A transaction that `body` drives. Commits when `body` returns, rolls back when it throws.
    package func transaction<Value: Sendable>(
        _ actor: TenantActor, at place: Placement? = nil, deadline: UInt64, access: TransactionAccess = .readWrite,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let (pool, scope) = try await prepare(actor.tenantID, place, deadline, access)
        return try await pool.transaction(scope, body)
    }

    /// Where the data of the actor's tenant lies.
    package func placement(of actor: TenantActor) async throws -> Placement {
        try await placements.placement(of: actor.tenantID, service: service)
    }

    /// Throws what `read` would throw now for a scan of the actor's tenant that is not known to be quick, if that is refused at once.
    package func checkScanLine(of actor: TenantActor) async throws {
        try await pool(of: actor.tenantID, nil).pool.checkScanLine(of: actor.tenantID)
    }

    private func prepare(
        _ tenant: TenantID, _ place: Placement?, _ deadline: UInt64, _ access: TransactionAccess
    ) async throws -> (PostgresPool, TransactionScope) {
        let (pool, placement) = try await pool(of: tenant, place)
        let scope = TransactionScope(
            access: access, tenant: tenant, service: service,
            stamp: SchemaStamp(versions: schemaVersions, epoch: placement.epoch), deadline: deadline)
        return (pool, scope)
    }

    private func pool(
        of tenant: TenantID, _ known: Placement?
    ) async throws -> (pool: PostgresPool, placement: Placement) {
        let placement = if let known { known } else { try await placements.placement(of: tenant, service: service) }
        precondition(placement.tenantID == tenant && placement.service == service, "a place of other data")
        return (try databases.pool(database: placement.database, partition: placement.partition), placement)
    }
}
