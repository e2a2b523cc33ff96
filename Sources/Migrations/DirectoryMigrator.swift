import Postgres
import Tenancy

/// Brings the schema `directory` to the newest version, in one transaction, and gives identity's login its rights there.
package struct DirectoryMigrator: Sendable {
    private let database: OwnerDatabase

    package init(database: OwnerDatabase) {
        self.database = database
    }

    private static let applied = Statement("SELECT stream, number, checksum FROM directory.schema_migrations")
    private static let note = Statement(
        """
        INSERT INTO directory.schema_migrations (stream, number, name, checksum, applied_at)
        VALUES ($1, $2, $3, $4, $5)
        """)
    private static let makeLedger = [
        "CREATE SCHEMA IF NOT EXISTS directory",
        """
        CREATE TABLE IF NOT EXISTS directory.schema_migrations (
            stream text NOT NULL, number integer NOT NULL, name text NOT NULL, checksum text NOT NULL,
            applied_at timestamptz NOT NULL,
            CONSTRAINT schema_migrations_pkey PRIMARY KEY (stream, number))
        """,
        // Two runs at once: the second waits here, and then finds nothing to do.
        "LOCK TABLE directory.schema_migrations IN EXCLUSIVE MODE",
    ]

    /// Returns how many migrations were applied.
    /// - Throws: `MigrationError`, or `PostgresError` of the migration that failed; nothing was changed then.
    package func migrate(_ stream: MigrationStream) async throws -> Int {
        guard stream.kind == .directory else {
            throw MigrationError(.wrongStream, "stream \(stream.name) is not one of the directory")
        }
        return try await database.transaction(for: nil) { transaction in
            for command in Self.makeLedger { try transaction.enqueue(unsafeCommand: command) }
            let ledger = try MigrationLedger(try await transaction.query(Self.applied, Parameters()))
            let pending = try ledger.pending(
                stream.migrations, of: stream.name, in: InstallationNames.directory)
            for migration in pending {
                for command in SQLScript.commands(migration.sql) {
                    try transaction.enqueue(unsafeCommand: command)
                }
                try transaction.enqueue(
                    Self.note, MigrationLedger.parameters(stream.name, migration, Timestamp.now()))
            }
            try DirectoryMigrator.grant(stream, transaction)
            return pending.count
        }
    }

    private static func grant(_ stream: MigrationStream, _ transaction: PostgresTransaction) throws {
        let rights = SchemaRights(
            rights: TableRights.read("schema_migrations") + stream.rights, schema: InstallationNames.directory,
            grantee: InstallationNames.login(.identity, partition: 0))
        try transaction.enqueue(unsafeCommand: rights.revocation)
        for command in rights.grants { try transaction.enqueue(unsafeCommand: command) }
    }
}
