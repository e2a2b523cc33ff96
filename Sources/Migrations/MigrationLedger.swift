import Postgres
import Tenancy

/// What a schema's `schema_migrations` says was applied, and what is left to do.
struct MigrationLedger {
    struct Entry: Hashable {
        let stream: String
        let number: Int
        let checksum: String
    }

    let entries: [Entry]

    init(_ rows: Rows) throws(PostgresError) {
        var entries: [Entry] = []
        for row in rows {
            entries.append(
                Entry(stream: try row.string(0), number: Int(try row.int64(1)), checksum: try row.string(2)))
        }
        self.entries = entries
    }

    init(entries: [Entry]) { self.entries = entries }

    /// The migrations of a stream that were not applied, in order.
    /// - Throws: `.checksumMismatch`, `.unknownMigration`.
    func pending(
        _ migrations: [Migration], of stream: String, in schema: String
    ) throws(MigrationError) -> [Migration] {
        var applied: Set<Int> = []
        for entry in entries where entry.stream == stream {
            guard let migration = migrations.first(where: { $0.number == entry.number }) else {
                throw .unknownMigration(stream, entry.number, schema)
            }
            guard migration.checksum == entry.checksum else {
                throw .checksumMismatch(stream, entry.number, migration.name, schema)
            }
            applied.insert(entry.number)
        }
        return migrations.filter { !applied.contains($0.number) }
    }

    /// Under this name the ledger keeps the checksum of the rights that were granted last.
    static let rightsStream = "rights"

    func hasRights(_ rights: SchemaRights) -> Bool {
        entries.contains { $0.stream == Self.rightsStream && $0.checksum == rights.checksum }
    }

    /// The values of a new row: stream, number, name, checksum, time.
    static func parameters(_ stream: String, _ migration: Migration, _ time: Timestamp) -> Parameters {
        var parameters = Parameters(reservingBytes: 128)
        parameters.append(stream)
        parameters.append(Int32(migration.number))
        parameters.append(migration.name)
        parameters.append(migration.checksum)
        parameters.append(time)
        return parameters
    }
}
