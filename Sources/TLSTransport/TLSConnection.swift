import COpenSSL
package import Reactor
package import Wire

/// One TLS connection on one loop: bytes in, bytes out, and who the peer is. Confined to the loop.
///
/// Life: connecting (client only) → handshaking → open → closing (writes the rest of its output, then the
/// closing alert) → lingering (waits for the peer's end, so that no reset destroys our last bytes on their
/// way) → closed. Every state may go to closed at once by an error, a timeout or `abort()`.
///
/// Reading: each turn in which the socket is readable, a few bytes are decrypted into `input`, then the delegate is told.
/// Who sends more, or what takes long to handle, waits for its turn, in which it is up to `readBytesPerTurnMax` bytes. Writing: append to `output`, then `scheduleFlush()`; all output of a
/// turn leaves in one `SSL_write`.
package final class TLSConnection: @unchecked Sendable {
    // SAFETY: confined to `loop`, which the methods assert.

    enum Phase {
        /// → handshaking, closed
        case connecting
        /// → open, closed
        case handshaking
        /// → closing, closed
        case open
        /// → lingering, closed
        case closing
        /// → closed
        case lingering
        case closed
    }

    /// What `SSL_write` waits for before it can go on.
    enum WriteBlock { case none, untilWritable, untilReadable }

    package let loop: EventLoop
    /// The other end.
    package let remoteAddress: SocketAddress
    /// Decrypted bytes that the delegate has not consumed.
    package let input = ByteBuffer()
    /// Bytes that wait to be encrypted. Append, then call `scheduleFlush()`.
    package let output = ByteBuffer()
    /// Who the peer is; nil when it showed no certificate, and before the handshake ended.
    package internal(set) var peer: PeerIdentity?
    /// Whether the handshake resumed an earlier session.
    package internal(set) var isResumed = false
    /// Who is told. Reading begins when it is set; bytes that came before are then reported. Held until
    /// `didClose`.
    package var delegate: (any TLSConnectionDelegate)? {
        didSet { delegateWasSet() }
    }

    let descriptor: Int32
    let ssl: OpaquePointer
    let generation: TLSGeneration
    let group: ConnectionGroup
    /// Under which name a client keeps its session; nil on a server.
    let sessionKey: String?
    @exclusivity(unchecked) var phase: Phase
    var watch: Watch?
    var timer: Timer?
    @exclusivity(unchecked) var writeBlock = WriteBlock.none
    @exclusivity(unchecked) var isReadingPaused = false
    @exclusivity(unchecked) var isReadingScheduled = false
    /// What came last took long: the next input waits for a turn.
    @exclusivity(unchecked) var isCostly = false
    /// It has had its share of this turn, and is in the queue of its group.
    @exclusivity(unchecked) var isAwaitingTurn = false
    /// Its turn takes longer than one of the loop: the kernel need not say again meanwhile that there is input.
    @exclusivity(unchecked) var isInputMuted = false
    /// It has written its share of this turn, and is in that queue for the rest.
    @exclusivity(unchecked) var isAwaitingTurnToWrite = false
    /// The delegate has left complete input for its next turn.
    @exclusivity(unchecked) var isDelegateBehind = false
    /// Reading must wait for room in the send buffer (a key update that has to be answered).
    @exclusivity(unchecked) var readWaitsToWrite = false
    @exclusivity(unchecked) var inputHasEnded = false
    @exclusivity(unchecked) var isFlushScheduled = false
    @exclusivity(unchecked) var isAboveHighMark = false
    var closeError: TLSError?
    @exclusivity(unchecked) var heldInput = HeldBuffers.Share()
    @exclusivity(unchecked) var heldOutput = HeldBuffers.Share()
    /// Key updates since the start of their minute, in seconds of the loop's clock.
    var keyUpdateCount: UInt32 = 0
    var keyUpdateMinuteStart: UInt32 = 0
    /// The peer's certificate that was not accepted, for the error.
    var refusedCertificate: String?
    /// Made once, so that scheduling a flush allocates nothing. Holds the connection; gone when it is closed.
    var flushHook: (() -> Void)?
    /// Called once: when the handshake ended or failed.
    var onHandshake: ((TLSError?) -> Void)?
    /// Called once: when the descriptor is closed.
    var onClosed: (() -> Void)?

    /// Takes over `descriptor`. `start()` begins the work.
    init(
        loop: EventLoop, descriptor: Int32, remoteAddress: SocketAddress, generation: TLSGeneration,
        group: ConnectionGroup, role: TLSContext.Role, serverName: String? = nil
    ) throws(TLSError) {
        guard let ssl = SSL_new(generation.context) else {
            Sockets.close(descriptor)
            throw TLSError(.system, "SSL_new: \(TLSError.takeReasons())")
        }
        self.loop = loop
        self.descriptor = descriptor
        self.remoteAddress = remoteAddress
        self.generation = generation
        self.group = group
        self.ssl = ssl
        phase = role == .client ? .connecting : .handshaking
        sessionKey = role == .client ? "\(serverName ?? "")@\(remoteAddress)" : nil
        steward_ssl_set_app_data(ssl, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_fd(ssl, descriptor)
        switch role {
        case .server: SSL_set_accept_state(ssl)
        case .client: prepareClient(serverName)
        }
        flushHook = { self.flush() }
    }

    deinit {
        assert(phase == .closed, "a connection is closed before it is let go")
    }

    var isServer: Bool { sessionKey == nil }

    var limits: TLSLimits {
        @inline(__always) _read { yield group.limits }
    }

    /// The connection that OpenSSL calls back for; nil once it is closed.
    static func of(_ ssl: OpaquePointer) -> TLSConnection? {
        steward_ssl_get_app_data(ssl).map { Unmanaged<TLSConnection>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Bytes in `output`.
    package var bufferedOutputBytes: Int { output.readableCount }

    /// False from when buffered output reached the high mark until the delegate hears `didBecomeWritable`.
    package var isWritable: Bool { !isAboveHighMark && output.readableCount < limits.outputBytesHigh }

    /// False once `close()` was called or the connection ended.
    package var isOpen: Bool { phase == .open }

    /// Stops reading; what the peer sends fills the buffers of the kernel and then stops the peer.
    package func pauseReading() {
        loop.assertCurrent()
        isReadingPaused = true
        updateInterest()
    }

    /// Reads again; bytes that are still in `input` are reported again too.
    package func resumeReading() {
        loop.assertCurrent()
        guard isReadingPaused else { return }
        isReadingPaused = false
        updateInterest()
        scheduleReading()
    }

    /// Tells the kernel what this connection waits for.
    func updateInterest() {
        var interest = Interest()
        if wantsToRead { interest.insert(.read) }
        if writeBlock == .untilWritable || readWaitsToWrite { interest.insert(.write) }
        do {
            try watch?.update(interest)
        } catch {
            finish(TLSError(.system, "\(error)"))
        }
    }

    private var wantsToRead: Bool {
        switch phase {
        case .open:
            (delegate != nil && !isReadingPaused && !isInputMuted && !inputHasEnded) || writeBlock == .untilReadable
        case .lingering: true
        case .connecting, .handshaking, .closing, .closed: writeBlock == .untilReadable
        }
    }

    private func delegateWasSet() {
        loop.assertCurrent()
        guard let delegate else { return }
        guard phase == .closed else {
            updateInterest()
            return scheduleReading()
        }
        self.delegate = nil
        delegate.didClose(self, error: closeError)
    }
}
