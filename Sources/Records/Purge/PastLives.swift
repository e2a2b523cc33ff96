/// Ids of records that were removed for good. They are never free again: other services may name them still, and whoever made a new record
/// with one would have what was sold to the old one.
enum PastLives {
    /// SQL of whether the ledger knows a record with this id, which it does from its creation on.
    static func condition(_ object: String, _ id: String) -> String {
        "EXISTS (SELECT FROM {schema}.ledger AS past WHERE past.object = '\(object)' AND past.record_id = \(id))"
    }
}
