import COpenSSL
import Glibc

/// Sessions are resumed by tickets alone, which cost the server no memory. A ticket says who the client was at its full
/// handshake; whether he may still come in is judged again each time, by today's roots, revocation lists and clock.
extension TLSGeneration {
    /// Tickets a server sends after a full handshake: a client resumes one at a time.
    private static let ticketCount = 1

    func configureTickets() {
        steward_ssl_ctx_cache_off(context)
        SSL_CTX_set_num_tickets(context, Self.ticketCount)
        SSL_CTX_set_timeout(context, Int(TicketKeys.ticketLifetimeSeconds))
        // Binds sessions to this protocol.
        SSL_CTX_set_session_id_context(context, alpn, UInt32(min(alpn.count, 32)))
        SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, seals in
            guard let ssl, let name, let iv, let cipher, let mac,
                let keys = TLSConnection.of(ssl)?.generation.ticketKeys
            else { return 0 }
            let isReady =
                seals == 1
                ? keys.seal(name: name, iv: iv, cipher: cipher, mac: mac)
                : keys.open(name: name, iv: iv, cipher: cipher, mac: mac)
            return isReady ? 1 : 0
        }
        let judge: SSL_CTX_decrypt_session_ticket_fn = { ssl, session, _, _, status, _ in
            guard status == SSL_TICKET_SUCCESS, let ssl, let generation = TLSConnection.of(ssl)?.generation else {
                return SSL_TICKET_RETURN_IGNORE_RENEW
            }
            return generation.mayResume(session) ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_IGNORE_RENEW
        }
        SSL_CTX_set_session_ticket_cb(context, nil, judge, nil)
    }

    /// Whether the peer of a session would be let in today. If not, a full handshake follows, which tells him why.
    private func mayResume(_ session: OpaquePointer?) -> Bool {
        guard let certificate = session.flatMap({ SSL_SESSION_get0_peer($0) }) else { return !verifiesPeer }
        guard let judgement = X509_STORE_CTX_new() else { return false }
        defer {
            X509_STORE_CTX_free(judgement)
            ERR_clear_error()
        }
        return X509_STORE_CTX_init(judgement, SSL_CTX_get_cert_store(context), certificate, nil) == 1
            && X509_STORE_CTX_set_default(judgement, "ssl_client") == 1 && X509_verify_cert(judgement) == 1
    }
}
