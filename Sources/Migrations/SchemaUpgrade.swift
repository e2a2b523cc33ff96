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
    private static let noteRights = Statement(
        """
        INSERT INTO {schema}.schema_migrations (stream, number, name, checksum, applied_at)
        VALUES ($1, 1, 'granted', $2, $3)
        ON CONFLICT ON CONSTRAINT schema_migrations_pkey DO UPDATE
            SET checksum = excluded.checksum, applied_at = excluded.applied_at
        """)
    private static let makeStamp = Statement(
        "INSERT INTO {schema}.meta (id, tenant_id, service, version, created_at) VALUES (true, $1, $2, $3, $4)"
    )
    private static let setVersion = Statement(
        "UPDATE {schema}.meta SET version = $1, parked_at = NULL, parked_error = NULL")

    private var rights: SchemaRights {
        SchemaRights(rights: stream.baseRights + stream.rights, schema: schema.name, grantee: schema.role)
    }

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

    /// All migrations, into an empty schema. What they make knows nothing of the tenant.
    func fill(_ transaction: PostgresTransaction) throws {
        try apply(stream.base, MigrationStream.baseName, transaction)
        try apply(stream.migrations, stream.name, transaction)
    }

    /// Makes a filled schema the tenant's: its stamp, and the rights of its role.
    func adopt(_ transaction: PostgresTransaction) throws {
        var parameters = Parameters()
        parameters.append(schema.tenantID.id)
        parameters.append(schema.service.rawValue)
        parameters.append(Int32(stream.version))
        parameters.append(Timestamp.now())
        try transaction.enqueue(Self.makeStamp, parameters)
        try grant(transaction)
    }

    /// What is missing. Returns how many migrations that were; new rights count as one, and so does another stamp.
    func upgrade(_ condition: Condition, _ transaction: PostgresTransaction) throws -> Int {
        let base = try condition.ledger.pending(stream.base, of: MigrationStream.baseName, in: schema.name)
        let own = try condition.ledger.pending(stream.migrations, of: stream.name, in: schema.name)
        let newRights = condition.ledger.hasRights(rights) ? 0 : 1
        let missing = base.count + own.count + newRights
        let newStamp = missing == 0 && condition.version != stream.version ? 1 : 0
        guard missing + newStamp > 0 || condition.parkedError != nil else { return 0 }
        try apply(base, MigrationStream.baseName, transaction)
        try apply(own, stream.name, transaction)
        var parameters = Parameters()
        parameters.append(Int32(stream.version))
        try transaction.enqueue(Self.setVersion, parameters)
        try transaction.enqueue(unsafeCommand: rights.revocation)
        try grant(transaction)
        return missing + newStamp
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

    /// Gives the tenant's role its rights and keeps in the ledger which these are.
    private func grant(_ transaction: PostgresTransaction) throws {
        for command in rights.grants { try transaction.enqueue(unsafeCommand: command) }
        var parameters = Parameters()
        parameters.append(MigrationLedger.rightsStream)
        parameters.append(rights.checksum)
        parameters.append(Timestamp.now())
        try transaction.enqueue(Self.noteRights, parameters)
    }
}
