import Postgres
import Tenancy

/// A schema with all migrations of a stream in it that is nobody's yet. Nobody but its owner reaches it, `steward migrate`
/// leaves it alone, and its name tells of which migrations it is: after an upgrade it is dropped, not migrated.
package struct BlankSchema: Sendable, Hashable {
    /// `blank_`, two letters for the service, a fingerprint of the migrations, and something unique.
    package let name: String

    /// Whether it has the present migrations of the stream.
    package func fits(_ stream: MigrationStream) -> Bool { name.hasPrefix(BlankSchema.prefix(of: stream)) }

    static func prefix(of stream: MigrationStream) -> String {
        let suffix = stream.service?.schemaSuffix ?? ""
        let texts = (stream.base + stream.migrations).map(\.checksum).joined(separator: " ")
        return "blank_\(suffix)_\(Migration(number: 0, name: "", sql: texts).checksum.prefix(8))_"
    }
}

/// Making a schema has to wait for the disk once for each of its hundred files, since PostgreSQL writes a new index through at
/// once. Taking a blank one waits once.
extension TenantProvisioner {
    /// Makes a blank schema, in one transaction.
    package func makeBlank(_ stream: MigrationStream) async throws -> BlankSchema {
        let place = try TenantProvisioner.schema(TenantID(.make()), stream)
        let unique = place.name.dropFirst("t_".count).prefix { $0 != "_" }
        let blank = BlankSchema(name: BlankSchema.prefix(of: stream) + unique)
        try await database.transaction(for: place) { transaction in
            try transaction.enqueue(unsafeCommand: "CREATE SCHEMA \(place.name)")
            try SchemaUpgrade(schema: place, stream: stream).fill(transaction)
            try transaction.enqueue(unsafeCommand: "ALTER SCHEMA \(place.name) RENAME TO \(blank.name)")
        }
        return blank
    }

    private static let names = Statement(
        #"SELECT nspname::text FROM pg_catalog.pg_namespace WHERE nspname LIKE 'blank\_%' ORDER BY nspname"#)

    /// All blank schemas of the database, whatever they are of.
    package func blanks() async throws -> [BlankSchema] {
        try await database.transaction(for: nil) { transaction in
            try await transaction.finalQuery(Self.names, Parameters()).map { try $0.string(0) }
                .filter(SQLText.isPlainName).map { BlankSchema(name: $0) }
        }
    }

    package func drop(_ blank: BlankSchema) async throws {
        try await database.transaction(for: nil) { transaction in
            try transaction.enqueue(unsafeCommand: "DROP SCHEMA IF EXISTS \(blank.name) CASCADE")
        }
    }
}
