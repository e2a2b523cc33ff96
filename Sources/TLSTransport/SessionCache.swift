import COpenSSL
import Glibc
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

    /// Makes `ssl` offer the session kept under `key`, if there is one. A resumption does not look at the server's
    /// certificate again, so none is offered once that has expired.
    func offer(to ssl: OpaquePointer, for key: String) {
        guard let session = sessions.withLock({ $0[key] }) else { return }
        guard let certificate = SSL_SESSION_get0_peer(session.pointer),
            PeerIdentity.notAfter(certificate) > Int64(time(nil))
        else { return forget(key) }
        SSL_set_session(ssl, session.pointer)
    }

    func forget(_ key: String) {
        _ = sessions.withLock { $0.removeValue(forKey: key) }
    }
}
