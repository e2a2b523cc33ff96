import Postgres
import Tenancy

/// Brings one tenant schema to the newest version inside a transaction of the owner: used for a new schema and for an old one.
struct SchemaUpgrade {
    let schema: TenantSchema
    let stream: MigrationStream

    private static let stamp = Statement(
        "SELECT tenant_id, service, version, parked_error FROM {schema}.meta FOR UPDATE")
    private static let applied = Statement("SELECT stream, number, checksum FROM {schema}.schema_migrations")
    private static let note = Statement(
        """
        INSERT INTO {schema}.schema_migrations (stream, number, name, checksum, applied_at)
        VALUES ($1, $2, $3, $4, $5)
        """)
    private static let makeStamp = Statement(
        "INSERT INTO {schema}.meta (id, tenant_id, service, version, created_at) VALUES (true, $1, $2, $3, $4)"
    )
    private static let setVersion = Statement(
        "UPDATE {schema}.meta SET version = $1, parked_at = NULL, parked_error = NULL")

    /// What an existing schema says of itself. Its row stays locked until the transaction ends, so that two runs do not meet.
    struct Condition {
        let version: Int
        let parkedError: String?
        let ledger: MigrationLedger
    }

    func inspect(_ transaction: PostgresTransaction) async throws -> Condition {
        let row = try await transaction.query(Self.stamp, Parameters()).one()
        guard try row.id(0) == schema.tenantID.id, try row.string(1) == schema.service.rawValue else {
            throw MigrationError(
                .foreignSchema,
                "the stamp in \(schema.name) names another tenant or service; find out whose it is")
        }
        let ledger = try MigrationLedger(try await transaction.query(Self.applied, Parameters()))
        return Condition(
            version: Int(try row.int64(2)), parkedError: try row.optionalString(3), ledger: ledger)
    }

    /// Everything, into an empty schema.
    func create(_ transaction: PostgresTransaction) throws {
        try apply(MigrationStream.base, MigrationStream.baseName, transaction)
        try apply(stream.migrations, stream.name, transaction)
        var parameters = Parameters()
        parameters.append(schema.tenantID.id)
        parameters.append(schema.service.rawValue)
        parameters.append(Int32(stream.version))
        parameters.append(Timestamp.now())
        try transaction.enqueue(Self.makeStamp, parameters)
        try grant(transaction)
    }

    /// What is missing. Returns how many migrations that were.
    func upgrade(_ condition: Condition, _ transaction: PostgresTransaction) throws -> Int {
        let base = try condition.ledger.pending(
            MigrationStream.base, of: MigrationStream.baseName, in: schema.name)
        let own = try condition.ledger.pending(stream.migrations, of: stream.name, in: schema.name)
        guard !base.isEmpty || !own.isEmpty || condition.parkedError != nil else { return 0 }
        try apply(base, MigrationStream.baseName, transaction)
        try apply(own, stream.name, transaction)
        var parameters = Parameters()
        parameters.append(Int32(stream.version))
        try transaction.enqueue(Self.setVersion, parameters)
        try grant(transaction)
        return base.count + own.count
    }

    private func apply(_ migrations: [Migration], _ stream: String, _ transaction: PostgresTransaction) throws {
        let time = Timestamp.now()
        for migration in migrations {
            for command in SQLScript.commands(migration.sql) {
                let text = Statement(unsafeGenerated: command).text(for: schema)
                try transaction.enqueue(unsafeCommand: text)
            }
            try transaction.enqueue(Self.note, MigrationLedger.parameters(stream, migration, time))
        }
    }

    /// The tenant's role may work with every table, may only read what says what the schema is, and may add to the ledger but
    /// not change it.
    private func grant(_ transaction: PostgresTransaction) throws {
        let (name, role) = (schema.name, schema.role)
        for command in [
            "GRANT USAGE ON SCHEMA \(name) TO \(role)",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA \(name) TO \(role)",
            "REVOKE INSERT, UPDATE, DELETE ON \(name).meta, \(name).schema_migrations, \(name).ledger FROM \(role)",
            "GRANT INSERT ON \(name).ledger TO \(role)",
            "GRANT UPDATE (delivered_at) ON \(name).ledger TO \(role)",
        ] {
            try transaction.enqueue(unsafeCommand: command)
        }
    }
}
