/// Why migrations cannot be run as they are. The message names the cure.
package struct MigrationError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        /// A migration was changed after it had been applied somewhere.
        case checksumMismatch
        /// The schema has a migration that this program does not know.
        case unknownMigration
        /// A schema has the name of a tenant's, but not its stamp.
        case foreignSchema
        /// The stream is of another kind than the command needs.
        case wrongStream
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    static func checksumMismatch(_ stream: String, _ number: Int, _ name: String, _ schema: String) -> Self {
        MigrationError(
            .checksumMismatch,
            "migration \(stream)_\(number)_\(name) was changed after it had been applied to \(schema); "
                + "restore its file and put the change into a new migration")
    }

    static func unknownMigration(_ stream: String, _ number: Int, _ schema: String) -> Self {
        MigrationError(
            .unknownMigration,
            "\(schema) has migration \(stream)_\(number), which this program does not know; use a newer program"
        )
    }
}
