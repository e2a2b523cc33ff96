import COpenSSL
import Synchronization

/// What connections of one kind share: certificates, trust, rules, and the sessions to resume. May be used by
/// every loop.
package final class TLSContext: Sendable {
    package enum Role: Sendable { case client, server }

    package let role: Role
    package let settings: TLSSettings
    private let generation: Mutex<TLSGeneration>
    private let ticketKeys = TicketKeys()

    private init(_ role: Role, _ settings: TLSSettings) throws(TLSError) {
        Self.prepareLibrary()
        precondition((1...255).contains(settings.alpn.utf8.count), "a protocol name has 1 to 255 bytes")
        self.role = role
        self.settings = settings
        generation = Mutex(try TLSGeneration(role, settings, ticketKeys))
    }

    /// Makes OpenSSL safe for a process that ends by exit() while connections are open. A context does so by itself; a program that
    /// uses keys before its first context calls this before.
    package static func prepareLibrary() { steward_keep_at_exit() }

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
    /// cannot be used nothing changes. Tickets that a server gave before are good for resuming, since their
    /// holders are judged again by the new files; a client forgets its sessions, so that servers see its new
    /// certificate. Reads files: call it on a worker.
    package func reload() throws(TLSError) {
        try prepareReload()()
    }

    /// Reads the files again, and returns what puts them into use: for contexts that are to change together or not at
    /// all.
    package func prepareReload() throws(TLSError) -> () -> Void {
        let fresh = try TLSGeneration(role, settings, ticketKeys)
        return { self.generation.withLock { $0 = fresh } }
    }

    /// The end of validity of the own certificate, in seconds since 1970 UTC; nil without one. For a metric
    /// and a warning.
    package var certificateNotAfter: Int64? { current.certificateNotAfter }

    /// What a new connection uses; the connection keeps it alive.
    var current: TLSGeneration { generation.withLock { $0 } }
}
