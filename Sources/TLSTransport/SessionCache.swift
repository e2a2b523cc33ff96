import COpenSSL
import Synchronization

/// The last session with each server, for a client to resume: a shorter handshake without signatures.
final class SessionCache: Sendable {
    /// A client talks to a handful of servers; beyond this all are forgotten rather than kept without limit.
    static let sessionCountMax = 256

    /// An `SSL_SESSION` that this owns.
    private final class Session: @unchecked Sendable {  // SAFETY: OpenSSL counts references to it atomically
        let pointer: OpaquePointer

        init(_ pointer: OpaquePointer) { self.pointer = pointer }

        deinit { SSL_SESSION_free(pointer) }
    }

    private let sessions = Mutex<[String: Session]>([:])

    /// Takes over `session`.
    func keep(_ session: OpaquePointer, for key: String) {
        let owned = Session(session)
        sessions.withLock { sessions in
            if sessions.count >= Self.sessionCountMax, sessions[key] == nil { sessions.removeAll() }
            sessions[key] = owned
        }
    }

    /// Makes `ssl` offer the session kept under `key`, if there is one.
    func offer(to ssl: OpaquePointer, for key: String) {
        guard let session = sessions.withLock({ $0[key] }) else { return }
        SSL_set_session(ssl, session.pointer)
    }

    func forget(_ key: String) {
        _ = sessions.withLock { $0.removeValue(forKey: key) }
    }
}
