package import Postgres
import Reactor
package import Tenancy

/// Transactions inside one tenant's schema: the only way from a service to SQL.
///
/// The tenant comes from the authenticated caller. The transaction assumes the tenant's role, so that PostgreSQL itself
/// refuses every other schema, whatever a statement says. All calls run on an event loop of the program.
///
/// A connection that serves a tenant for the first time checks the stamp in the schema's `meta` within the same round
/// trip: tenant, service, and a version in `schemaVersions`.
package struct TenantDatabase: Sendable {
    package let service: ServiceName
    private let databases: DatabaseSet
    private let placements: any PlacementSource
    private let schemaVersions: ClosedRange<Int>

    /// `schemaVersions`: the versions of the service's own stream that this program understands.
    package init(
        service: ServiceName, databases: DatabaseSet, placements: any PlacementSource,
        schemaVersions: ClosedRange<Int>
    ) {
        self.service = service
        self.databases = databases
        self.placements = placements
        self.schemaVersions = schemaVersions
    }

    // MARK: For a caller

    /// One reading statement in one round trip.
    /// - Throws: `PostgresError`, or what the placement source throws.
    package func read(
        _ caller: Caller, deadline: UInt64, _ statement: Statement, _ parameters: Parameters
    ) async throws -> Rows {
        try await read(tenant: tenant(of: caller), deadline, statement, parameters)
    }

    /// Several statements in one transaction and one round trip: all or nothing.
    package func batch(
        _ caller: Caller, deadline: UInt64, access: TransactionAccess = .readWrite,
        _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        try await batch(tenant: tenant(of: caller), deadline, access, statements)
    }

    /// A transaction that `body` drives. Commits when `body` returns, rolls back when it throws.
    package func transaction<Value: Sendable>(
        _ caller: Caller, deadline: UInt64, access: TransactionAccess = .readWrite,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await transaction(tenant: tenant(of: caller), deadline, access, body)
    }

    /// Throws what `read` would throw now for a scan of the caller's tenant that is not known to be quick, if that is refused at once.
    package func checkScanLine(of caller: Caller) async throws {
        let tenant = try tenant(of: caller)
        try await pool(of: tenant).pool.checkScanLine(of: tenant)
    }

    // MARK: For the system

    package func read(
        for tenant: TenantID, as system: SystemCaller, deadline: UInt64, _ statement: Statement,
        _ parameters: Parameters
    ) async throws -> Rows {
        try await read(tenant: tenant, deadline, statement, parameters)
    }

    package func batch(
        for tenant: TenantID, as system: SystemCaller, deadline: UInt64,
        access: TransactionAccess = .readWrite,
        _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        try await batch(tenant: tenant, deadline, access, statements)
    }

    package func transaction<Value: Sendable>(
        for tenant: TenantID, as system: SystemCaller, deadline: UInt64,
        access: TransactionAccess = .readWrite,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        try await transaction(tenant: tenant, deadline, access, body)
    }

    // MARK: Parts

    private func read(
        tenant: TenantID, _ deadline: UInt64, _ statement: Statement, _ parameters: Parameters
    ) async throws -> Rows {
        let (pool, scope) = try await prepare(tenant, deadline, .readOnly)
        return try await pool.run(scope, statement, parameters)
    }

    private func batch(
        tenant: TenantID, _ deadline: UInt64, _ access: TransactionAccess,
        _ statements: [(Statement, Parameters)]
    ) async throws -> [Rows] {
        let (pool, scope) = try await prepare(tenant, deadline, access)
        return try await pool.run(scope, statements)
    }

    private func transaction<Value: Sendable>(
        tenant: TenantID, _ deadline: UInt64, _ access: TransactionAccess,
        _ body: (PostgresTransaction) async throws -> Value
    ) async throws -> Value {
        let (pool, scope) = try await prepare(tenant, deadline, access)
        return try await pool.transaction(scope, body)
    }

    private func prepare(
        _ tenant: TenantID, _ deadline: UInt64, _ access: TransactionAccess
    ) async throws -> (PostgresPool, TransactionScope) {
        let (pool, placement) = try await pool(of: tenant)
        let scope = TransactionScope(
            access: access, tenant: tenant, service: service,
            stamp: SchemaStamp(versions: schemaVersions, epoch: placement.epoch), deadline: deadline)
        return (pool, scope)
    }

    private func pool(of tenant: TenantID) async throws -> (pool: PostgresPool, placement: Placement) {
        let placement = try await placements.placement(of: tenant, service: service)
        return (try databases.pool(database: placement.database, partition: placement.partition), placement)
    }

    /// An operator belongs to no tenant; a call of one that gets here was admitted by mistake.
    private func tenant(of caller: Caller) throws(PostgresError) -> TenantID {
        guard let tenant = caller.tenantID else {
            throw PostgresError(.insufficientPrivilege, "the caller belongs to no tenant")
        }
        return tenant
    }
}
