import COpenSSL
import Glibc
import Synchronization

/// The state of a `TLSContext` between two reloads: an `SSL_CTX` and what its callbacks need.
final class TLSGeneration: @unchecked Sendable {
    // SAFETY: OpenSSL locks an SSL_CTX itself once it is configured; the other fields are constant or locked.

    /// The buffer that a read of the socket fills: four records of full size in one system call.
    private static let readBufferBytes = 64 * 1024

    let context: OpaquePointer
    let certificateNotAfter: Int64?
    /// The length byte and the name, as ALPN writes it.
    let alpn: [UInt8]
    let verifiesPeer: Bool
    /// The sessions of a client. They go with the generation: after a reload the server is to see the new certificate.
    let sessions = SessionCache()
    /// The keys of a server's tickets, which outlive the generation.
    let ticketKeys: TicketKeys

    init(_ role: TLSContext.Role, _ settings: TLSSettings, _ ticketKeys: TicketKeys) throws(TLSError) {
        guard let context = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw TLSError(.system, "SSL_CTX_new: \(TLSError.takeReasons())")
        }
        self.ticketKeys = ticketKeys
        verifiesPeer = settings.verifyPeer == .required
        alpn = [UInt8(settings.alpn.utf8.count)] + settings.alpn.utf8
        do {
            certificateNotAfter = try CertificateFiles(settings, role).install(in: context)
        } catch {
            SSL_CTX_free(context)
            throw error
        }
        self.context = context
        configure(role, settings)
    }

    deinit {
        SSL_CTX_free(context)
    }

    private func configure(_ role: TLSContext.Role, _ settings: TLSSettings) {
        steward_ssl_ctx_set_min_tls13(context)
        steward_ssl_ctx_set_mode(context)
        steward_ssl_ctx_no_auto_chain(context)
        steward_ssl_ctx_set_read_ahead(context, Self.readBufferBytes)
        SSL_CTX_set_verify(
            context, verifiesPeer ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE
        ) { isAccepted, verification in
            if isAccepted != 1, let verification { TLSConnection.noteRefusal(verification) }
            return isAccepted
        }
        SSL_CTX_set_msg_callback(context) { isWritten, _, content, bytes, count, ssl, _ in
            guard isWritten == 0, content == SSL3_RT_HANDSHAKE, count > 0, let bytes, let ssl,
                Int32(bytes.load(as: UInt8.self)) == SSL3_MT_KEY_UPDATE
            else { return }
            TLSConnection.of(ssl)?.noteKeyUpdate()
        }
        switch role {
        case .server: configureServer()
        case .client: configureClient()
        }
    }

    private func configureServer() {
        configureTickets()
        SSL_CTX_set_alpn_select_cb(
            context,
            { _, chosen, chosenCount, offered, offeredCount, argument in
                let generation = Unmanaged<TLSGeneration>.fromOpaque(argument!).takeUnretainedValue()
                let offers = UnsafeBufferPointer(start: offered, count: Int(offeredCount))
                guard let at = generation.find(in: offers) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen?.pointee = offers.baseAddress! + at
                chosenCount?.pointee = UInt8(generation.alpn.count - 1)
                return SSL_TLSEXT_ERR_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private func configureClient() {
        steward_ssl_ctx_cache_client(context)
        SSL_CTX_set_alpn_protos(context, alpn, UInt32(alpn.count))
        SSL_CTX_sess_set_new_cb(context) { ssl, session in
            guard let ssl, let session, let connection = TLSConnection.of(ssl) else { return 0 }
            connection.keep(session)
            return 1
        }
    }

    /// Where in the peer's list of names, each after its length, ours begins.
    private func find(in offers: UnsafeBufferPointer<UInt8>) -> Int? {
        var at = 0
        while at < offers.count {
            let end = at + 1 + Int(offers[at])
            guard end <= offers.count else { return nil }
            if offers[at..<end].elementsEqual(alpn) { return at + 1 }
            at = end
        }
        return nil
    }
}
