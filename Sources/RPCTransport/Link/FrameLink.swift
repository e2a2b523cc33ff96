import DequeModule
import RPC
import Reactor
import TLSTransport
import Wire

/// What a FrameLink tells the server or client connection that owns it. All on the link's loop.
protocol FrameLinkOwner: AnyObject {
    /// A frame of a call has come, its payload already accounted for on the connection.
    func link(_ link: FrameLink, received frame: FrameView)
    /// The other side's hello has come.
    func linkReceivedHello(_ link: FrameLink)
    /// The other side takes no new calls.
    func link(_ link: FrameLink, received goAway: GoAway)
    /// The other side has answered the ping that a drain sends.
    func linkConfirmedDrain(_ link: FrameLink)
    /// The connection is gone; nothing comes after this. Nil for an orderly end.
    func link(_ link: FrameLink, closedWith error: RPCError?)
    /// What waited for the socket is mostly gone; calls that it held up have gone on.
    func linkBecameWritable(_ link: FrameLink)
    /// There are calls.
    var isBusy: Bool { get }
    /// The highest call id of the other side that was begun, for go-away.
    var lastCallID: UInt64 { get }
    /// More waits to be sent than may: gives up the call that keeps most. False when no call keeps anything.
    func giveUpLongestQueue() -> Bool
    /// More has come and was not taken than may: gives up the call of which most lies there.
    func giveUpLeastRead()
}

/// One connection seen as frames: hello, connection credit, ping, go-away, congestion. Knows nothing of what a call is beyond its
/// id; both the server's and the client's connection are built on it.
// SAFETY: confined to the loop of its connection.
final class FrameLink: @unchecked Sendable {
    /// Who opened the connection.
    enum Role { case server, client }

    let connection: TLSConnection
    let loop: EventLoop
    let limits: LinkLimits
    let role: Role
    /// Let go when the connection ends. Not weak, and no timer holds this link weakly: what is referenced weakly somewhere is slower
    /// to retain everywhere.
    var owner: (any FrameLinkOwner)?
    /// Called once, when the socket is closed: everything that was written before the end is on its way then.
    var onDisposed: (() -> Void)? {
        didSet {
            // A connection may be gone before anybody could ask to be told.
            guard isDisposed, let told = onDisposed else { return }
            onDisposed = nil
            told()
        }
    }
    private var isDisposed = false

    @exclusivity(unchecked) private var decoder: FrameDecoder
    /// What the other side accepts; the assumed minimum until its hello has come. Plain numbers, since each call looks at them.
    @exclusivity(unchecked) private(set) var peerFrameBytesMax = Int(Hello.assumed.frameBytesMax)
    @exclusivity(unchecked) private(set) var peerMessageBytesMax = Int(Hello.assumed.messageBytesMax)
    @exclusivity(unchecked) private(set) var peerCallCredit = Hello.assumed.callCredit
    @exclusivity(unchecked) private(set) var peerCallsMax = Int(Hello.assumed.callsMax)
    /// Program and version of the other side.
    private(set) var peerAgent = ""
    @exclusivity(unchecked) private(set) var hasHello = false
    @exclusivity(unchecked) private(set) var isOpen = true
    /// More waits for the socket than should; streams pause.
    @exclusivity(unchecked) private(set) var isCongested = false
    /// Until when nothing more is read, and the timer that then goes on; see `hold(for:)`.
    @exclusivity(unchecked) private var heldUntil: UInt64 = 0
    @exclusivity(unchecked) private var holdTimer: Timer?

    @exclusivity(unchecked) private var sendWindow = CreditWindow(initial: Hello.assumed.connectionCredit)
    @exclusivity(unchecked) private var meter: CreditMeter
    @exclusivity(unchecked) private var withheld = 0
    @exclusivity(unchecked) private var unreadBytes = 0
    /// Bytes that wait in calls for credit.
    @exclusivity(unchecked) private(set) var queuedBytes = 0
    private var blocked = Deque<FrameCall>()
    @exclusivity(unchecked) private var isRelieving = false

    @exclusivity(unchecked) private var keepAlive: KeepAlive
    private var keepAliveTimer: Timer?
    private var helloTimer: Timer?
    private var stallTimer: Timer?
    private var pings: TokenBucket
    /// What went over all links of the loop, and what waits on them.
    private let traffic: LoopTraffic
    private let backlog: Backlog

    init(
        connection: TLSConnection, role: Role, limits: LinkLimits, hello: Hello, idleTimeout: Duration?,
        owner: any FrameLinkOwner, traffic: LoopTraffic, backlog: Backlog
    ) {
        self.traffic = traffic
        self.backlog = backlog
        self.connection = connection
        self.role = role
        self.limits = limits
        self.owner = owner
        loop = connection.loop
        decoder = FrameDecoder(frameBytesMax: Int(limits.frameBytesMax))
        meter = CreditMeter(window: limits.connectionCredit)
        let now = loop.now
        keepAlive = KeepAlive(
            interval: limits.pingInterval, timeout: limits.pingTimeout, idleTimeout: idleTimeout, now: now)
        pings = TokenBucket(burst: limits.pingBurstMax, perSecond: limits.pingsPerSecondMax, now: now)
        connection.delegate = self
        send(hello: hello)
    }

    /// Begins: handles what has already arrived and sets the timers. After the owner is complete.
    func start() {
        helloTimer = loop.schedule(after: limits.helloTimeout) { [self] in
            fail(.deadlineExceeded, "HELLO_TIMEOUT", "The hello did not come in time.")
        }
        checkKeepAlive()
        handleInput()
    }

    private func send(hello: Hello) {
        hello.encoded().withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.hello = bytes
            write(frame)
        }
    }
}

// MARK: Receiving

extension FrameLink: TLSConnectionDelegate {
    func didReceive(_ connection: TLSConnection) {
        keepAlive.received(at: loop.now)
        handleInput()
    }

    func didBecomeWritable(_ connection: TLSConnection) {
        guard isCongested else { return }
        isCongested = false
        stallTimer?.cancel()
        stallTimer = nil
        unblock()
        if isOpen, !isCongested { owner?.linkBecameWritable(self) }
        // What was unblocked may have filled the socket again.
        if isOpen { resumeReading() }
    }

    func didClose(_ connection: TLSConnection, error: TLSError?) {
        closed(
            error.map {
                RPCError.unavailable("CONNECTION_LOST", "The connection was lost; try again.", cause: $0)
            })
        isDisposed = true
        onDisposed?()
        onDisposed = nil
    }

    /// Handles all complete frames. A server that is congested, or holds the other side, leaves the rest for later; a client reads always,
    /// so that two sides never wait for each other.
    private func handleInput() {
        var left = role == .server ? limits.framesPerTurnMax : .max
        do {
            while isOpen, mayRead {
                guard left > 0 else { return connection.continueInNextTurn() }
                left -= 1
                guard let body = try decoder.next(connection.input) else { return }
                traffic.total.received(bodyBytes: body.count)
                try handle(FrameView(parsing: body))
            }
        } catch let error as WireError {
            if case .frameTooLong = error.kind {
                return fail(.resourceExhausted, "FRAME_TOO_LONG", error.description)
            }
            fail(.invalidArgument, "FRAME_MALFORMED", error.description)
        } catch {
            fail(.invalidArgument, "FRAME_MALFORMED", "\(error)")
        }
    }

    private var mayRead: Bool { role == .client || !(isCongested || holdTimer != nil) }

    private func resumeReading() {
        if role == .server, mayRead { connection.resumeReading() }
    }

    /// A server reads and handles nothing more for so many nanoseconds, from the next frame on, so that TCP makes the client wait however
    /// much it has under way. What the client is owed is written as ever.
    func hold(for nanoseconds: UInt64) {
        guard isOpen else { return }
        heldUntil = max(heldUntil, loop.now + nanoseconds)
        guard holdTimer == nil else { return }
        connection.pauseReading()
        holdTimer = loop.schedule(at: heldUntil) { [self] in endHold() }
    }

    /// What has come already is handled before more is read: it may hold the other side again.
    private func endHold() {
        guard isOpen else { return }
        guard heldUntil <= loop.now else {
            holdTimer = loop.schedule(at: heldUntil) { [self] in endHold() }
            return
        }
        holdTimer = nil
        handleInput()
        if isOpen { resumeReading() }
    }

    private func handle(_ frame: FrameView) throws {
        if let mistake = frame.misplacement(from: role == .server ? .client : .server) {
            return fail(.invalidArgument, "FRAME_MISPLACED", mistake)
        }
        if let hello = frame.hello { try receive(hello: Hello(parsing: hello)) }
        guard isOpen else { return }
        guard hasHello else {
            return fail(.invalidArgument, "HELLO_MISSING", "The first frame must hold a hello.")
        }
        guard frame.callID == 0 else { return receive(callFrame: frame) }
        if frame.hasCallContent || frame.cancel != nil {
            return fail(
                .invalidArgument, "CALL_ID_MISSING",
                "A frame with parts of a call must hold a call_id from 1 on.")
        }
        if frame.credit > 0 { receive(credit: frame.credit) }
        if let ping = frame.ping { receive(try Ping(parsing: ping)) }
        if let goAway = frame.goAway { owner?.link(self, received: try GoAway(parsing: goAway)) }
    }

    private func receive(callFrame frame: FrameView) {
        if let payload = frame.payload {
            let cost = PayloadCost.of(payload.count)
            guard meter.receive(cost) else {
                return fail(
                    .resourceExhausted, "CONNECTION_CREDIT_EXCEEDED",
                    "A payload was sent although the credit of the connection was used up; wait for credit.")
            }
            unreadBytes += cost
            if unreadBytes <= limits.unreadBytesMax { grant(meter.release(cost)) } else { withheld += cost }
        }
        owner?.link(self, received: frame)
        // Answers of many users come on one connection: what one of them does not take must not hold up the others'.
        if role == .client, unreadBytes > limits.unreadBytesMax { owner?.giveUpLeastRead() }
    }

    /// The payload of so much cost has been taken by its reader.
    func consumed(_ cost: Int) {
        unreadBytes -= cost
        guard withheld > 0, unreadBytes * 2 <= limits.unreadBytesMax else { return }
        let release = withheld
        withheld = 0
        grant(meter.release(release))
    }

    private func grant(_ credit: UInt32) {
        guard credit > 0 else { return }
        var frame = FrameView()
        frame.credit = credit
        write(frame)
    }

    private func receive(hello: Hello) throws {
        guard !hasHello else {
            return fail(.invalidArgument, "HELLO_REPEATED", "A side sends one hello, in its first frame.")
        }
        if let refusal = hello.refusal {
            return fail(.failedPrecondition, "HELLO_REFUSED", refusal)
        }
        hasHello = true
        helloTimer?.cancel()
        helloTimer = nil
        peerFrameBytesMax = Int(hello.frameBytesMax)
        peerMessageBytesMax = Int(hello.messageBytesMax)
        peerCallCredit = hello.callCredit
        peerCallsMax = Int(hello.callsMax)
        peerAgent = hello.agent
        sendWindow.replaceInitial(hello.connectionCredit)
        owner?.linkReceivedHello(self)
        unblock()
    }

    private func receive(credit: UInt32) {
        guard sendWindow.grant(credit) else {
            return fail(
                .invalidArgument, "CREDIT_TOO_LARGE", "More credit was granted than a connection can hold.")
        }
        unblock()
    }

    private func receive(_ ping: Ping) {
        if ping.isAnswer {
            if ping.token == DrainState.pingToken { owner?.linkConfirmedDrain(self) }
            return
        }
        guard pings.allows(at: loop.now) else {
            return fail(
                .resourceExhausted, "TOO_MANY_PINGS",
                "More than \(limits.pingsPerSecondMax) pings a second; one in \(limits.pingInterval) is plenty."
            )
        }
        send(ping: Ping(token: ping.token, isAnswer: true))
    }
}

// MARK: Sending

extension FrameLink {
    /// Payload may be sent now, as far as the connection is concerned.
    var maySendPayload: Bool { sendWindow.isOpen && !isCongested }

    /// Several payloads may be sent now, of which all but the last cost so much.
    func maySendPayloads(after cost: Int) -> Bool { sendWindow.isOpen(after: cost) && !isCongested }

    /// Longest status to be sent: three quarters of the peer's frames leave room for a header and some payload.
    var statusBytesMax: Int { peerFrameBytesMax / 4 * 3 }

    /// Takes note of a payload sent.
    func spend(_ cost: Int) { sendWindow.spend(cost) }

    /// Writes a frame; it leaves at the end of this turn, together with what else is written in it.
    func write(_ frame: FrameView) {
        guard isOpen else { return }
        wrote(frame.append(to: connection.output))
    }

    /// Writes the first frame of a client's call.
    func write(_ frame: FrameView, start: StartView) {
        guard isOpen else { return }
        wrote(frame.append(to: connection.output, start: start))
    }

    /// Writes a frame with a message as payload.
    func write(_ frame: FrameView, message: Message, messageBytes: Int) {
        guard isOpen else { return }
        wrote(frame.append(to: connection.output, message: message, messageBytes: messageBytes))
    }

    /// Writes a message as the payload of several frames.
    func write(_ frame: FrameView, message: Message, messageBytes: Int, pieceBytes: Int) {
        guard isOpen else { return }
        let before = connection.output.readableCount
        frame.append(to: connection.output, message: message, messageBytes: messageBytes, pieceBytes: pieceBytes)
        // Each piece is a frame.
        wrote(connection.output.readableCount - before, frames: (messageBytes + pieceBytes - 1) / pieceBytes)
    }

    func send(ping: Ping) {
        ping.encoded().withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.ping = bytes
            write(frame)
        }
    }

    func send(goAway: GoAway) {
        goAway.encoded().withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.goAway = bytes
            write(frame)
        }
    }

    /// The call has payload to send and waits for the connection.
    func block(_ call: FrameCall) { blocked.append(call) }

    /// A call keeps so many more (or fewer) bytes until it may send them.
    func queuedBytesChanged(by delta: Int) {
        queuedBytes += delta
        backlog.change(by: delta)
        if delta > 0 { checkUnsent() }
    }

    private func wrote(_ bytes: Int, frames: Int = 1) {
        traffic.total.sent(bytes: bytes, frames: frames)
        connection.scheduleFlush()
        guard !connection.isWritable else { return }
        checkUnsent()
        guard !isCongested, isOpen else { return }
        isCongested = true
        if role == .server { connection.pauseReading() }
        stallTimer = loop.schedule(after: limits.stallTimeout) { [self] in
            drop("The other side took too little for \(limits.stallTimeout).")
        }
    }

    private var unsentBytes: Int { connection.bufferedOutputBytes + queuedBytes }

    private func checkUnsent() {
        guard isOpen, unsentBytes > limits.unsentBytesMax, !isRelieving else { return }
        isRelieving = true
        // At the end of the turn: a call is in the midst of queueing.
        loop.execute { [self] in relieve() }
    }

    /// The other side asks for more than it reads. What waits in calls costs those calls, since they may be one user's of many; the
    /// connection goes only when what is written already is too much.
    private func relieve() {
        isRelieving = false
        while isOpen, unsentBytes > limits.unsentBytesMax {
            guard owner?.giveUpLongestQueue() == true else {
                return drop(
                    "The other side asks for more than it reads: \(limits.unsentBytesMax) bytes wait for it.")
            }
        }
    }

    private func unblock() {
        var round = blocked.count
        while round > 0, maySendPayload, let call = blocked.popFirst() {
            round -= 1
            call.linkMaySend()
        }
    }
}

// MARK: Ending

extension FrameLink {
    /// The other side broke the protocol: says so and closes. Nobody else is harmed.
    func fail(_ code: StatusCode, _ reason: String, _ message: String) {
        guard isOpen else { return }
        let error = RPCError(code, reason: reason, message)
        send(goAway: GoAway(lastCallID: owner?.lastCallID ?? 0, error: error))
        connection.close()
        closed(error)
    }

    /// Ends in good order: what is written is still sent.
    func close() {
        guard isOpen else { return }
        connection.close()
        closed(nil)
    }

    /// Ends at once: the other side does not listen anyway.
    func drop(_ message: String) {
        guard isOpen else { return }
        connection.abort()
        closed(RPCError(.unavailable, reason: "CONNECTION_DROPPED", message))
    }

    private func closed(_ error: RPCError?) {
        guard isOpen else { return }
        isOpen = false
        for timer in [keepAliveTimer, helloTimer, stallTimer, holdTimer] { timer?.cancel() }
        blocked.removeAll()
        owner?.link(self, closedWith: error)
        owner = nil
    }

    private func checkKeepAlive() {
        guard isOpen else { return }
        // Who is not read says nothing.
        if holdTimer != nil { keepAlive.received(at: loop.now) }
        switch keepAlive.check(at: loop.now, isBusy: owner?.isBusy ?? false) {
        case .wait(let moment): checkKeepAlive(at: moment)
        case .ping(let token, let moment):
            send(ping: Ping(token: token, isAnswer: false))
            checkKeepAlive(at: moment)
        case .dead: drop("The other side did not answer a ping.")
        case .idle:
            send(goAway: GoAway(lastCallID: owner?.lastCallID ?? 0))
            close()
        }
    }

    /// Rounded up to half a second, at the usual interval: the loop wakes once for all idle connections that are due by then.
    private func checkKeepAlive(at moment: UInt64) {
        let tick = max(MonotonicTime.nanoseconds(limits.pingInterval) / 64, 1)
        let due = moment > .max - tick ? moment : (moment + tick - 1) / tick * tick
        keepAliveTimer = loop.schedule(at: due) { [self] in checkKeepAlive() }
    }
}
