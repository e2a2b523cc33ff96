import Postgres
package import Tenancy

/// An index that one workspace has and others have not. It is made and dropped while people read and write, so outside of any transaction: what was cut
/// off leaves an index that PostgreSQL calls invalid and uses for nothing.
package struct TenantIndex: Hashable, Sendable {
    package enum State: Sendable { case missing, invalid, valid }

    private let schema: TenantSchema
    private let name, table, definition: String

    /// The longest time in which one is made.
    private static let timeout = Duration.seconds(6 * 3600)

    /// - Parameters:
    ///   - name: of a declaration, as the table is. Never text of a request.
    ///   - definition: SQL of what stands after the name of the table. Never text of a request.
    package init(_ schema: TenantSchema, name: String, table: String, definition: String) {
        (self.schema, self.name, self.table, self.definition) = (schema, name, table, definition)
    }

    private static let look = Statement(
        """
        SELECT (SELECT indisvalid FROM pg_catalog.pg_index JOIN pg_catalog.pg_class ON pg_class.oid = indexrelid
            WHERE relnamespace = pg_namespace.oid AND relname = $2)
        FROM pg_catalog.pg_namespace WHERE nspname = $1
        """)

    /// Nil when the tenant has no such schema.
    package func state(in database: OwnerDatabase) async throws -> State? {
        var parameters = Parameters()
        parameters.append(schema.name)
        parameters.append(name)
        return try await database.transaction(for: schema) { [parameters] transaction in
            guard let row = try await transaction.query(Self.look, parameters).first else { return nil }
            return row.isNull(0) ? .missing : try row.bool(0) ? .valid : .invalid
        }
    }

    private static let progress = Statement(
        """
        SELECT blocks_done, blocks_total FROM pg_catalog.pg_stat_progress_create_index AS progress
        JOIN pg_catalog.pg_class ON pg_class.oid = progress.index_relid JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = $1 AND relname = $2
        """)

    /// Blocks of the table that were read, and how many there are; nil while it is not being made.
    package func progress(in database: OwnerDatabase) async throws -> (done: Int64, total: Int64)? {
        var parameters = Parameters()
        parameters.append(schema.name)
        parameters.append(name)
        return try await database.transaction(for: schema) { [parameters] transaction in
            try await transaction.query(Self.progress, parameters).first.map { (try $0.int64(0), try $0.int64(1)) }
        }
    }

    package var tenantID: TenantID { schema.tenantID }

    /// Whether both are called the same in one schema: what is to be dropped is known by its name alone.
    package func isNamed(as other: TenantIndex) -> Bool { schema == other.schema && name == other.name }

    /// Makes it; what was cut off goes first. Waits for all transactions that are under way. One that cannot be made leaves nothing, which would be
    /// written to from then on.
    package func make(in database: OwnerDatabase) async throws {
        if try await state(in: database) == .invalid { try await drop(in: database) }
        do {
            try await database.run(
                unsafeCommand: "CREATE INDEX CONCURRENTLY \(name) ON \(schema.name).\(table) \(definition)",
                within: Self.timeout)
        } catch {
            // Somebody else has made it meanwhile, or is making it.
            if try await state(in: database) == .invalid, try await progress(in: database) == nil {
                try await drop(in: database)
            }
            throw error
        }
    }

    package func drop(in database: OwnerDatabase) async throws {
        try await database.run(
            unsafeCommand: "DROP INDEX CONCURRENTLY IF EXISTS \(schema.name).\(name)", within: Self.timeout)
    }
}
