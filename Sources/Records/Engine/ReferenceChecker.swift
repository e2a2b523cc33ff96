package import RPC
package import Tenancy

/// A record named by kind and id.
package struct RecordReference: Hashable, Sendable {
    /// As in `account`.
    package let object: String
    package let id: RecordID

    package init(object: String, id: RecordID) {
        self.object = object
        self.id = id
    }
}

/// Asks other services whether records exist, live and may be read by the caller.
package protocol ReferenceChecker: Sendable {
    /// One answer for each reference, in order. Throws UNAVAILABLE / REFERENCE_CHECK_UNAVAILABLE, in words for users, when the
    /// service cannot be asked; then nothing is written.
    func check(_ references: [RecordReference], in service: ServiceName, for context: CallContext)
        async throws -> [Bool]
}
