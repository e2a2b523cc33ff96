import COpenSSL
import Glibc
import Reactor
import Wire

extension TLSConnection {
    /// Bytes thrown away in one go while the connection waits for the peer's end.
    private static let discardBytes = 16 * 1024

    /// Writes what is in `output`, says goodbye (the closing alert of TLS) and closes when the peer has
    /// closed too, after `closeTimeout` at the latest. Nothing more is read. The delegate hears `didClose`. A
    /// second call does nothing.
    package func close() {
        loop.assertCurrent()
        guard phase == .open else {
            if phase == .connecting || phase == .handshaking { abort() }
            return
        }
        phase = .closing
        timer = loop.schedule(after: limits.closeTimeout) { [self] in
            finish(TLSError(.timeout, "\(remoteAddress) did not close within \(limits.closeTimeout)"))
        }
        updateInterest()
        scheduleFlush()
    }

    /// Closes at once with a reset; output that waits is lost. The delegate hears `didClose` with `.aborted`
    /// before this returns.
    package func abort() {
        loop.assertCurrent()
        finish(TLSError(.aborted, "the connection with \(remoteAddress) was given up"))
    }

    /// All output is written: the closing alert, the end of our stream, and the wait for the peer's.
    func endOutput() {
        steward_clear_errors()
        // 0: sent, the peer's has not come; negative: the peer does not read, and the end of the stream must
        // do.
        if SSL_shutdown(ssl) < 0 { steward_clear_errors() }
        Sockets.endOutput(descriptor)
        guard !inputHasEnded else { return finish(nil) }
        phase = .lingering
        input.discard()
        updateInterest()
    }

    /// Bytes that came after our goodbye are not wanted; left unread they would make the kernel send a reset.
    func discardInput() {
        var budget = limits.readBytesPerTurnMax
        while budget > 0 {
            let count = withUnsafeTemporaryAllocation(byteCount: Self.discardBytes, alignment: 1) {
                read(descriptor, $0.baseAddress, $0.count)
            }
            budget -= max(count, 0)
            if count > 0 { continue }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            return finish(nil)
        }
    }

    /// The one way out: releases everything and tells who waits. Later calls do nothing.
    func finish(_ error: TLSError?) {
        guard phase != .closed else { return }
        phase = .closed
        closeError = error
        group.heldInput.forget(self)
        group.heldOutput.forget(self)
        timer?.cancel()
        watch?.cancel()
        (timer, watch, flushHook) = (nil, nil, nil)
        // Otherwise OpenSSL would forbid to resume the session, although losing a connection says nothing
        // against it.
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(ssl)
        switch error?.kind {
        case .aborted, .outputOverflow, .inputOverflow, .timeout: Sockets.reset(descriptor)
        default: Sockets.close(descriptor)
        }
        let (delegate, completion, closed) = (delegate, onHandshake, onClosed)
        (self.delegate, onHandshake, onClosed) = (nil, nil, nil)
        closed?()
        completion?(error ?? TLSError(.aborted, "the connection with \(remoteAddress) was closed"))
        delegate?.didClose(self, error: error)
    }

    func lost(_ how: String) -> TLSError {
        TLSError(.connectionLost, "the connection with \(remoteAddress) was lost: \(how)")
    }

    /// What a failed call of OpenSSL means; empties the thread's list of errors.
    func failure(_ code: Int32, _ what: String) -> TLSError {
        let number = errno
        if code == SSL_ERROR_SYSCALL {
            ERR_clear_error()
            return lost(
                number == 0 ? "it ended without the closing alert" : String(cString: strerror(number)))
        }
        let last = ERR_peek_last_error()
        if steward_error_reason(last) == SSL_R_UNEXPECTED_EOF_WHILE_READING {
            ERR_clear_error()
            return lost("it ended without the closing alert")
        }
        return TLSError(.handshake, "\(what) \(remoteAddress) failed: \(TLSError.takeReasons())")
    }
}
