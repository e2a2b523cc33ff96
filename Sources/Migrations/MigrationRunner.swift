import Logging
import Observability
import Postgres
package import Tenancy

/// Brings every schema of a stream to the newest version. Forward only; each schema in a transaction of its own, with its
/// ledger; a failed one is parked with its error and stops nobody. A run that was broken off is simply run again.
package struct MigrationRunner: Sendable {
    private let database: OwnerDatabase

    package init(database: OwnerDatabase) {
        self.database = database
    }

    /// Migrates all tenants of a service. `progress` hears of each schema as it is done.
    /// - Throws: `MigrationError` when the program and the ledgers contradict each other; nothing is migrated further then.
    package func migrateTenants(
        _ stream: MigrationStream, options: MigrationOptions = MigrationOptions(),
        progress: @escaping @Sendable (SchemaOutcome) -> Void = { _ in }
    ) async throws -> MigrationReport {
        guard case .tenant(let service) = stream.kind else {
            throw MigrationError(.wrongStream, "stream \(stream.name) is not one of tenant schemas")
        }
        let schemas = try await self.schemas(of: service)
        var report = MigrationReport()
        for schema in schemas.prefix(options.canaryCount) {
            let outcome = try await migrate(schema, stream, options)
            report.outcomes.append(outcome)
            progress(outcome)
            guard case .parked = outcome.result else { continue }
            report.isStoppedAfterCanary = true
            return report
        }
        let rest = Array(schemas.dropFirst(options.canaryCount))
        report.outcomes += try await migrateTogether(rest, stream, options, progress)
        return report
    }

    /// The tenant schemas of a service in this database, oldest tenant first.
    package func schemas(of service: ServiceName) async throws -> [TenantSchema] {
        let names = try await database.transaction(for: nil) { transaction in
            var names: [String] = []
            for row in try await transaction.query(Self.schemaNames, Parameters()) {
                names.append(try row.string(0))
            }
            return names
        }
        return names.compactMap { TenantSchema(name: $0, service: service) }
    }

    private static let schemaNames = Statement(
        #"SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname LIKE 't\_%' ORDER BY nspname COLLATE "C""#
    )

    private func migrateTogether(
        _ schemas: [TenantSchema], _ stream: MigrationStream, _ options: MigrationOptions,
        _ progress: @escaping @Sendable (SchemaOutcome) -> Void
    ) async throws -> [SchemaOutcome] {
        try await withThrowingTaskGroup(of: SchemaOutcome.self) { group in
            var waiting = schemas.makeIterator()
            var outcomes: [SchemaOutcome] = []
            for _ in 0..<max(1, options.concurrency) {
                guard let schema = waiting.next() else { break }
                group.addTask { try await migrate(schema, stream, options) }
            }
            while let outcome = try await group.next() {
                outcomes.append(outcome)
                progress(outcome)
                if let schema = waiting.next() {
                    group.addTask { try await migrate(schema, stream, options) }
                }
            }
            return outcomes
        }
    }

    private func migrate(
        _ schema: TenantSchema, _ stream: MigrationStream, _ options: MigrationOptions
    ) async throws -> SchemaOutcome {
        let upgrade = SchemaUpgrade(schema: schema, stream: stream)
        do {
            let result = try await database.transaction(for: schema) { transaction in
                let condition = try await upgrade.inspect(transaction)
                if let error = condition.parkedError, !options.retriesParked {
                    return SchemaOutcome.Result.skipped(error: error)
                }
                let count = try upgrade.upgrade(condition, transaction)
                return count == 0 ? .current : .migrated(count: count)
            }
            return SchemaOutcome(schema: schema, result: result)
        } catch let error as PostgresError where !error.endsRun {
            return try await park(schema, error)
        }
    }

    private static let setParked = Statement("UPDATE {schema}.meta SET parked_at = $1, parked_error = $2")

    private func park(_ schema: TenantSchema, _ error: PostgresError) async throws -> SchemaOutcome {
        let text = "\(error.sqlState ?? ""): \(error.message)"
        database.logger.error(
            "migration failed; the tenant is parked",
            metadata: [LogKey.schema: "\(schema.name)", LogKey.error: "\(text)"])
        do {
            try await database.transaction(for: schema) { transaction in
                var parameters = Parameters()
                parameters.append(Timestamp.now())
                parameters.append(text)
                _ = try await transaction.finalQuery(Self.setParked, parameters)
            }
        } catch let error as PostgresError where !error.endsRun {
            // Without a `meta` to write to, the report alone carries the error.
            database.logger.warning(
                "the error could not be kept in the schema",
                metadata: [LogKey.schema: "\(schema.name)", LogKey.error: "\(LogText.of(error))"])
        }
        return SchemaOutcome(schema: schema, result: .parked(error: text))
    }
}

extension PostgresError {
    /// The database is away: no tenant's fault, and no reason to park one.
    fileprivate var endsRun: Bool {
        switch kind {
        case .connectionLost, .unavailable, .refusedServer, .poolExhausted: true
        default: false
        }
    }
}
