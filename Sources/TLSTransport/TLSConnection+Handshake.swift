import COpenSSL
import Reactor

extension TLSConnection {
    /// Begins to watch the descriptor and to shake hands; `completion` is called once.
    func start(timeout: Duration, _ completion: @escaping (TLSError?) -> Void) {
        loop.assertCurrent()
        onHandshake = completion
        timer = loop.schedule(after: timeout) { [self] in
            finish(TLSError(.timeout, "no connection with \(remoteAddress) within \(timeout)"))
        }
        do {
            let interest: Interest = phase == .connecting ? .write : .read
            watch = try loop.watch(descriptor, interest: interest) { [self] in handle($0) }
        } catch {
            return finish(TLSError(.system, "\(error)"))
        }
    }

    func handle(_ readiness: Readiness) {
        switch phase {
        case .connecting: finishConnecting()
        case .handshaking: if isServer { awaitHandshakeTurn() } else { shakeHands() }
        case .open, .closing: handleTraffic(readiness)
        case .lingering: discardInput()
        case .closed: break
        }
    }

    /// SNI and the check of the server's name; a session to resume, if there is one.
    func prepareClient(_ serverName: String?) {
        SSL_set_connect_state(ssl)
        if let serverName { expect(serverName) }
        if let sessionKey { generation.sessions.offer(to: ssl, for: sessionKey) }
    }

    /// Called by OpenSSL, during a read, when the server sent a ticket.
    func keep(_ session: OpaquePointer) {
        guard let sessionKey else { return SSL_SESSION_free(session) }
        generation.sessions.keep(session, for: sessionKey)
    }

    private func expect(_ serverName: String) {
        let isNumeric =
            SocketAddress.numericHost(serverName) ?? SocketAddress.numericHost("[\(serverName)]") != nil
        if isNumeric {
            X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName)
        } else {
            SSL_set_hostflags(ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            SSL_set1_host(ssl, serverName)
            steward_ssl_set_server_name(ssl, serverName)
        }
    }

    private func finishConnecting() {
        let code = Sockets.pendingError(descriptor)
        guard code == 0 else { return finish(Sockets.refusal("connect to", remoteAddress, code)) }
        phase = .handshaking
        shakeHands()
    }

    /// The next step of a server's handshake, when others have taken theirs. Meanwhile the kernel need not say again that there
    /// is one.
    private func awaitHandshakeTurn() {
        guard !isAwaitingTurn else { return }
        isAwaitingTurn = true
        group.turns.append(self)
        do {
            try watch?.update([])
        } catch {
            finish(TLSError(.system, "\(error)"))
        }
    }

    /// Takes the step that the connection waits with. False when there is none any more.
    func takeTurn() -> Bool {
        let (reads, writes) = (isAwaitingTurn, isAwaitingTurnToWrite)
        isAwaitingTurn = false
        isAwaitingTurnToWrite = false
        isInputMuted = false
        switch phase {
        case .handshaking: shakeHands()
        case .open, .closing:
            if writes { flush(bytesMax: limits.writeBytesPerTurnMax) }
            guard reads, phase == .open, delegate != nil, !isReadingPaused else { return writes }
            readAvailable(bytesMax: limits.readBytesPerTurnMax, reportsRest: true)
        case .connecting, .lingering, .closed: return false
        }
        return true
    }

    private func shakeHands() {
        steward_clear_errors()
        let result = SSL_do_handshake(ssl)
        if result == 1 { return finishHandshake() }
        do {
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ: try watch?.update(.read)
            case SSL_ERROR_WANT_WRITE: try watch?.update(.write)
            case let code: finish(handshakeFailure(code))
            }
        } catch {
            finish(TLSError(.system, "\(error)"))
        }
    }

    private func finishHandshake() {
        guard agreedOnProtocol else {
            return finish(
                TLSError(
                    .handshake, "\(remoteAddress) does not speak steward/1: it chose no such protocol (ALPN)")
            )
        }
        if let certificate = SSL_get1_peer_certificate(ssl) {
            peer = PeerIdentity(certificate)
            X509_free(certificate)
        }
        isResumed = SSL_session_reused(ssl) == 1
        phase = .open
        timer?.cancel()
        timer = nil
        updateInterest()
        let completion = onHandshake
        onHandshake = nil
        completion?(nil)
    }

    /// A client that offers no protocol name never reaches the callback that chooses one.
    private var agreedOnProtocol: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual(generation.alpn.dropFirst())
    }

    private func handshakeFailure(_ code: Int32) -> TLSError {
        if let sessionKey { generation.sessions.forget(sessionKey) }
        let verdict = SSL_get_verify_result(ssl)
        guard verdict == Int(X509_V_OK) else {
            ERR_clear_error()
            let text = X509_verify_cert_error_string(verdict).map { String(cString: $0) } ?? "code \(verdict)"
            let whose = refusedCertificate.map { " (\($0))" } ?? ""
            return TLSError(
                .peerNotTrusted, "the certificate of \(remoteAddress)\(whose) is not accepted: \(text)")
        }
        return failure(code, "the handshake with")
    }

    /// Called by OpenSSL, during a handshake, when it does not accept a certificate.
    static func noteRefusal(_ verification: OpaquePointer) {
        guard let certificate = X509_STORE_CTX_get_current_cert(verification),
            let connection = steward_ssl_of_verification(verification).flatMap({ of($0) })
        else { return }
        let peer = PeerIdentity(certificate)
        connection.refusedCertificate = "\(peer.commonName), serial \(PeerIdentity.serial(certificate))"
    }

    /// Called by OpenSSL, during a read, for each key update of the peer. A flood of them would keep it busy within one `SSL_read`, so
    /// it is told there that nothing more comes.
    func noteKeyUpdate() {
        let second = UInt32(truncatingIfNeeded: loop.now / 1_000_000_000)
        if second &- keyUpdateMinuteStart >= 60 { (keyUpdateMinuteStart, keyUpdateCount) = (second, 0) }
        keyUpdateCount += 1
        if hasTooManyKeyUpdates { SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN) }
    }

    /// In the present minute.
    var hasTooManyKeyUpdates: Bool { keyUpdateCount > limits.keyUpdatesPerMinuteMax }
}
