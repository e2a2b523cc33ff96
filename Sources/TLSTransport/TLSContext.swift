import COpenSSL
import Synchronization

/// What connections of one kind share: certificates, trust, rules, and the sessions to resume. May be used by
/// every loop.
package final class TLSContext: Sendable {
    package enum Role: Sendable { case client, server }

    package let role: Role
    package let settings: TLSSettings
    private let generation: Mutex<TLSGeneration>

    private init(_ role: Role, _ settings: TLSSettings) throws(TLSError) {
        precondition((1...255).contains(settings.alpn.utf8.count), "a protocol name has 1 to 255 bytes")
        self.role = role
        self.settings = settings
        generation = Mutex(try TLSGeneration(role, settings))
    }

    /// A context for listeners.
    /// - Throws: `TLSError` of kind `.file` that names the file and the cure.
    package static func server(_ settings: TLSSettings) throws(TLSError) -> TLSContext {
        try TLSContext(.server, settings)
    }

    /// A context for `TLSConnection.connect`.
    /// - Throws: `TLSError` of kind `.file` that names the file and the cure.
    package static func client(_ settings: TLSSettings) throws(TLSError) -> TLSContext {
        try TLSContext(.client, settings)
    }

    /// Reads the files again. New connections use them from then on; open ones stay as they are. When a file
    /// cannot be used nothing changes. Sessions of before cannot be resumed, so a root that was taken away
    /// counts at once. Reads files: call it on a worker.
    package func reload() throws(TLSError) {
        let fresh = try TLSGeneration(role, settings)
        generation.withLock { $0 = fresh }
    }

    /// The end of validity of the own certificate, in seconds since 1970 UTC; nil without one. For a metric
    /// and a warning.
    package var certificateNotAfter: Int64? { current.certificateNotAfter }

    /// What a new connection uses; the connection keeps it alive.
    var current: TLSGeneration { generation.withLock { $0 } }
}
