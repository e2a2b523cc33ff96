package import Postgres
package import Tenancy

/// Makes and drops the schema and role of a tenant in one service. Each is one transaction: done or not done, and safe
/// to repeat. Runs as `steward_provisioner`.
package struct TenantProvisioner: Sendable {
    let database: OwnerDatabase

    package init(database: OwnerDatabase) {
        self.database = database
    }

    private static let look = Statement(
        """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1), \
        EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)
        """)

    /// Makes the tenant's role and schema, applies all migrations, and makes the partition's login a member of the role.
    /// On a schema that is there it does what is missing. Returns the version of the schema.
    /// - Parameter blank: a schema of `makeBlank` for the same stream, which becomes the tenant's. When it is not there any
    ///   more the schema is made as if none had been given.
    package func prepare(
        _ tenant: TenantID, stream: MigrationStream, partition: Int, blank: BlankSchema? = nil
    ) async throws -> Int {
        do {
            return try await prepare(tenant, stream, partition, blank)
        } catch let error as PostgresError where blank != nil && error.sqlState == Self.noSuchSchema {
            return try await prepare(tenant, stream, partition, nil)
        }
    }

    private static let noSuchSchema = "3F000"

    private func prepare(
        _ tenant: TenantID, _ stream: MigrationStream, _ partition: Int, _ blank: BlankSchema?
    ) async throws -> Int {
        let schema = try TenantProvisioner.schema(tenant, stream)
        let login = InstallationNames.login(schema.service, partition: partition)
        return try await database.transaction(for: schema) { transaction in
            let (hasRole, hasSchema) = try await TenantProvisioner.look(schema, transaction)
            if !hasRole { try transaction.enqueue(unsafeCommand: "CREATE ROLE \(schema.role) NOLOGIN") }
            let upgrade = SchemaUpgrade(schema: schema, stream: stream)
            if hasSchema {
                _ = try upgrade.upgrade(try await upgrade.inspect(transaction), transaction)
            } else if let blank {
                try transaction.enqueue(unsafeCommand: "ALTER SCHEMA \(blank.name) RENAME TO \(schema.name)")
                try upgrade.adopt(transaction)
            } else {
                try transaction.enqueue(unsafeCommand: "CREATE SCHEMA \(schema.name)")
                try upgrade.fill(transaction)
                try upgrade.adopt(transaction)
            }
            try transaction.enqueue(unsafeCommand: "GRANT \(schema.role) TO \(login)")
            return stream.version
        }
    }

    /// Drops the tenant's schema with everything in it, and the role. Nothing happens when they are gone.
    package func drop(_ tenant: TenantID, stream: MigrationStream) async throws {
        let schema = try TenantProvisioner.schema(tenant, stream)
        try await database.transaction(for: schema) { transaction in
            try await TenantProvisioner.drop(tenant, stream: stream, in: transaction)
        }
    }

    /// The same as part of a transaction that does more.
    package static func drop(
        _ tenant: TenantID, stream: MigrationStream, in transaction: PostgresTransaction
    ) async throws {
        let schema = try schema(tenant, stream)
        let (hasRole, _) = try await look(schema, transaction)
        try transaction.enqueue(unsafeCommand: "DROP SCHEMA IF EXISTS \(schema.name) CASCADE")
        if hasRole { try transaction.enqueue(unsafeCommand: "DROP ROLE \(schema.role)") }
    }

    private static func look(
        _ schema: TenantSchema, _ transaction: PostgresTransaction
    ) async throws -> (hasRole: Bool, hasSchema: Bool) {
        var parameters = Parameters()
        parameters.append(schema.name)
        let row = try await transaction.query(look, parameters).one()
        return (try row.bool(0), try row.bool(1))
    }

    static func schema(_ tenant: TenantID, _ stream: MigrationStream) throws -> TenantSchema {
        guard case .tenant(let service) = stream.kind,
            let schema = TenantSchema(tenantID: tenant, service: service)
        else {
            throw MigrationError(.wrongStream, "stream \(stream.name) is not one of tenant schemas")
        }
        return schema
    }
}
