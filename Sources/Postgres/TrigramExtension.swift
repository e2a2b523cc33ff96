/// PostgreSQL's extension for indexes on parts of texts. It is trusted: nobody but the installer needs rights to make it, and services, which only
/// search by such indexes and write to them, have none in its schema.
package enum TrigramExtension {
    package static let name = "pg_trgm"
    /// Holds nothing else.
    package static let schema = "trigram"
    /// What an index on a text calls the operators that look into it.
    package static let operatorClass = "\(schema).gin_trgm_ops"
}
