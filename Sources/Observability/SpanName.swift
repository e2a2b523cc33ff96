/// The names of trace spans, all of them. A served or made call is named after its method.
package enum SpanName {
    /// One transaction in a tenant's schema.
    package static let transaction = "db.transaction"
    /// Waiting for a connection of the pool.
    package static let poolWait = "db.pool.wait"
    /// Hashing or verifying a password.
    package static let passwordHash = "password.hash"
    /// Fetching a tenant's policy from identity.
    package static let policyFetch = "policy.fetch"
}
