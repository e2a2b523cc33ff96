import DequeModule
import Logging
import Observability
import RPC
import Reactor
import Wire

/// One accepted connection: begins calls, hands them their frames, takes leave.
// SAFETY: confined to the loop of its connection.
final class ServerConnection: FrameLinkOwner, @unchecked Sendable {
    let loop: EventLoop
    let arenas: ArenaPool
    let workers: CallWorkers
    /// Gives calls their turns; nil: all begin at once.
    let scheduler: CallScheduler?
    let config: ServerConfiguration
    let context: ConnectionContext
    @exclusivity(unchecked) private(set) var link: FrameLink?
    @exclusivity(unchecked) private var calls: [UInt64: InboundCall] = [:]
    /// Calls whose handlers may begin, and whether the connection is among those that are served; kept by `CallWorkers`.
    @exclusivity(unchecked) var ready = Deque<RoutedCall>()
    @exclusivity(unchecked) var isInLine = false
    /// Handlers that still run although their call is over: they count as calls until they have noticed.
    @exclusivity(unchecked) private var orphanCount = 0
    @exclusivity(unchecked) private(set) var lastCallID: UInt64 = 0
    @exclusivity(unchecked) private var drain = DrainState()
    private let deadlines: DeadlineWatch
    private var cancels: TokenBucket?
    /// See `ServerLimits.ownAnswersAtOnce`.
    private var answersAtOnce: TokenBucket
    /// An answer is ten units, of which two come back in a second.
    private static let unitsOfAnswer = 10
    /// What has come of messages that are not whole yet, over all calls.
    @exclusivity(unchecked) private var unfinishedBytes = 0

    var isBusy: Bool { !calls.isEmpty || orphanCount > 0 }

    init(
        loop: EventLoop, arenas: ArenaPool, workers: CallWorkers, scheduler: CallScheduler?,
        config: ServerConfiguration,
        context: ConnectionContext
    ) {
        self.loop = loop
        self.arenas = arenas
        self.workers = workers
        self.scheduler = scheduler
        self.config = config
        self.context = context
        let limits = config.limits
        deadlines = DeadlineWatch(loop: loop)
        answersAtOnce = TokenBucket(
            burst: limits.ownAnswersAtOnce * Self.unitsOfAnswer, perSecond: Self.unitsOfAnswer / 5, now: loop.now)
        cancels = limits.cancelBurstMax.map {
            TokenBucket(burst: $0, perSecond: limits.cancelsPerSecondMax, now: loop.now)
        }
        deadlines.onDue = { [unowned self] now in expireCalls(now) }
    }

    func start(_ link: FrameLink) {
        self.link = link
        link.start()
    }

    // MARK: Frames

    func link(_ link: FrameLink, received frame: FrameView) {
        if let start = frame.start { return begin(frame, start, link) }
        guard let call = calls[frame.callID] else { return receiveForEndedCall(frame, link) }
        if frame.payload != nil || frame.end { receive(frame, call, link) }
        receiveRest(of: frame, call, link)
    }

    /// Cancel and credit, which any frame of a call may hold, the first one too.
    private func receiveRest(of frame: FrameView, _ call: InboundCall, _ link: FrameLink) {
        if frame.cancel != nil, !call.isEnded { cancel(call, link) }
        if frame.credit > 0, !call.isEnded, !call.granted(frame.credit) {
            link.fail(.invalidArgument, "CREDIT_TOO_LARGE", "More credit was granted than a call can hold.")
        }
    }

    /// The call has ended here while the frame was under way; or it never was.
    private func receiveForEndedCall(_ frame: FrameView, _ link: FrameLink) {
        if let payload = frame.payload { link.consumed(PayloadCost.of(payload.count)) }
        guard frame.callID > lastCallID else { return }
        link.fail(.invalidArgument, "CALL_UNKNOWN", "The first frame of a call must hold its start.")
    }

    private func receive(_ frame: FrameView, _ call: InboundCall, _ link: FrameLink) {
        if let payload = frame.payload, !call.account(payloadBytes: payload.count) {
            return link.fail(
                .resourceExhausted, "CALL_CREDIT_EXCEEDED",
                "A payload was sent although the credit of the call was used up; wait for credit.")
        }
        guard !call.hasRemoteEnded else {
            return link.fail(
                .invalidArgument, "FRAME_AFTER_END", "A payload or end came after the end of the call.")
        }
        call.hasRemoteEnded = frame.end
        guard countUnfinished(frame, call) else {
            let error = config.limits.tooMuchUnfinished
            config.observer.callRefused(reason: error.reason)
            return call.abandon(error, tellCaller: true)
        }
        call.receiver?.receive(frame, on: call)
    }

    /// Pieces of a message are kept by whoever puts them together, here or behind a relay. False when there are too many.
    private func countUnfinished(_ frame: FrameView, _ call: InboundCall) -> Bool {
        guard let payload = frame.payload, frame.more || call.unfinishedBytes > 0 else { return true }
        let change = frame.more ? payload.count : -call.unfinishedBytes
        guard unfinishedBytes + change <= config.limits.unfinishedBytesMax else { return false }
        unfinishedBytes += change
        call.unfinishedBytes += change
        return true
    }

    private func cancel(_ call: InboundCall, _ link: FrameLink) {
        call.abandon(.cancelled(), tellCaller: false)
        guard cancels?.allows(at: loop.now) != false else {
            config.observer.callRefused(reason: "TOO_MANY_CANCELS")
            return link.fail(
                .resourceExhausted, "TOO_MANY_CANCELS",
                "Calls were opened and cancelled too often; slow down.")
        }
    }

    // MARK: Beginning

    private func begin(_ frame: FrameView, _ startBytes: UnsafeRawBufferPointer, _ link: FrameLink) {
        guard frame.callID > lastCallID else {
            return link.fail(.invalidArgument, "CALL_ID_REUSED", "Call ids must rise from call to call.")
        }
        guard drain.admits(frame.callID) else { return discard(frame, link) }
        lastCallID = frame.callID
        do {
            let start = try StartView(parsing: startBytes)
            try admit(start)
            try open(frame, start, link)
        } catch let error as RPCError {
            discard(frame, link)
            refuse(frame.callID, error, link)
        } catch {
            link.fail(.invalidArgument, "FRAME_MALFORMED", "\(error)")
        }
    }

    private func discard(_ frame: FrameView, _ link: FrameLink) {
        if let payload = frame.payload { link.consumed(PayloadCost.of(payload.count)) }
    }

    private func admit(_ start: StartView) throws {
        // Calls that are over may still stand in line.
        guard max(calls.count + orphanCount, ready.count) < Int(config.limits.callsMax) else {
            throw config.limits.tooManyCalls
        }
        try StartChecks.check(start, config)
    }

    private func open(_ frame: FrameView, _ start: StartView, _ link: FrameLink) throws {
        let now = loop.now
        let metadata = try StartChecks.metadata(start, config)
        if let route = config.routes.find(start.method) {
            let call = RoutedCall(
                id: frame.callID, route, start, metadata, server: self, link: link,
                deadline: StartChecks.deadline(start, config, route, now: now), now: now)
            try add(call, frame)
            answers(.served(route.method))
            call.begin(frame)
            receiveRest(of: frame, call, link)
            if call.isWaitingForRequest {
                call.requestDue = .after(config.limits.requestTimeout, from: now)
                deadlines.add(call.requestDue)
            }
            watch(call)
        } else {
            guard let fallback = config.fallback else { throw config.routes.unknown(start.method) }
            let call = InboundCall(
                id: frame.callID, server: self, link: link,
                deadline: StartChecks.deadline(start, config, nil, now: now),
                isEndless: StartChecks.isEndless(start.method), now: now)
            try add(call, frame)
            fallback(call, frame)
            receiveRest(of: frame, call, link)
            watch(call)
        }
    }

    private func add(_ call: InboundCall, _ frame: FrameView) throws {
        if let payload = frame.payload { _ = call.account(payloadBytes: payload.count) }
        call.hasRemoteEnded = frame.end
        guard countUnfinished(frame, call) else { throw config.limits.tooMuchUnfinished }
        calls[call.id] = call
    }

    /// A call that goes on after its first frame has a deadline to be watched.
    private func watch(_ call: InboundCall) {
        guard !call.isEnded else { return }
        deadlines.add(call.deadline)
        if drain.isDraining, call.isEndless { endEndless(call) }
    }

    private func refuse(_ id: UInt64, _ error: RPCError, _ link: FrameLink) {
        answers(.refused)
        config.observer.callRefused(reason: error.reason)
        CallStatus(error: error).encoded(bytesMax: link.statusBytesMax).withUnsafeBytes { bytes in
            var frame = FrameView(callID: id)
            frame.status = bytes
            link.write(frame)
        }
    }

    /// The server answers a call by itself; whoever makes many such calls is read no further for a while. When the call begins, since many may
    /// begin before the first is answered.
    func answers(_ answer: OwnAnswer) {
        guard let pace = config.pace, let link, !answersAtOnce.take(Self.unitsOfAnswer, at: loop.now) else { return }
        let wait = pace(context, answer)
        if wait > 0 { link.hold(for: wait) }
    }

    // MARK: Ending

    func callEnded(_ call: InboundCall) {
        calls[call.id] = nil
        unfinishedBytes -= call.unfinishedBytes
        closeIfDrained()
    }

    /// A handler goes on although its call is over (+1), or has noticed (−1).
    func orphansChanged(by delta: Int) {
        orphanCount += delta
        closeIfDrained()
    }

    private func expireCalls(_ now: UInt64) -> Deadline {
        var next = Deadline.never
        var due: [InboundCall] = []
        for call in calls.values {
            let deadline = min(call.deadline, call.requestDue)
            if deadline.nanoseconds <= now { due.append(call) } else { next = min(next, deadline) }
        }
        for call in due {
            let error =
                call.deadline.nanoseconds <= now
                ? RPCError.deadlineExceeded("The call was not done within its timeout.") : config.limits.requestTooSlow
            call.abandon(error, tellCaller: true)
        }
        return next
    }

    /// The client does not take the answers that it has. Calls that have a place of the scheduler are never held back: others wait
    /// for the place.
    var isHeldBack: Bool { scheduler == nil && link?.isCongested == true }

    func linkBecameWritable(_ link: FrameLink) { workers.goOn(with: self) }

    /// Bytes of answers that wait for the client.
    var queuedBytes: Int { link?.queuedBytes ?? 0 }

    func giveUpLongestQueue() -> Bool {
        guard let longest = calls.values.max(by: { $0.queuedBytes < $1.queuedBytes }), longest.queuedBytes > 0 else {
            return false
        }
        config.observer.callRefused(reason: "ANSWER_NOT_TAKEN")
        longest.abandon(ServerLimits.answerNotTaken, tellCaller: true)
        return true
    }

    /// A server bounds what it keeps by not granting credit: that holds up this client only.
    func giveUpLeastRead() {}

    func link(_ link: FrameLink, closedWith error: RPCError?) {
        deadlines.cancel()
        let open = calls.values
        calls = [:]
        for call in open {
            call.abandon(.cancelled("The connection of the caller is gone."), tellCaller: false)
        }
        ready = []
        report(error)
        context.close()
        self.link = nil
    }

    private func report(_ error: RPCError?) {
        guard let error else { return }
        if error.reason != "CONNECTION_LOST" { config.observer.protocolError(reason: error.reason) }
        config.logger.info(
            "connection ended",
            metadata: [
                LogKey.connectionID: "\(context.id)", LogKey.peer: "\(context.peer)",
                LogKey.agent: "\(context.agent)",
                LogKey.errorReason: "\(error.reason)",
                LogKey.error: "\(error.cause.map { LogText.of($0) } ?? error.message)",
            ])
    }

    // MARK: Hello, go-away, drain

    func linkReceivedHello(_ link: FrameLink) { context.agent = link.peerAgent }

    /// A client that goes away only says that it begins no more calls.
    func link(_ link: FrameLink, received goAway: GoAway) {}

    /// Takes no new connections' worth of calls: announces, then finishes what is there.
    func beginDrain() {
        guard let link, drain.begin() else { return }
        link.send(goAway: GoAway(lastCallID: GoAway.announcedLastCallID))
        link.send(ping: Ping(token: DrainState.pingToken, isAnswer: false))
        for call in Array(calls.values) where call.isEndless { endEndless(call) }
        loop.schedule(after: config.limits.drainPingTimeout) { [self] in confirmDrain() }
    }

    private func endEndless(_ call: InboundCall) {
        call.abandon(
            .unavailable("DRAINING", "The server is going down in good order; call again elsewhere."),
            tellCaller: true)
    }

    func linkConfirmedDrain(_ link: FrameLink) { confirmDrain() }

    private func confirmDrain() {
        guard let link, drain.confirm(lastCallID: lastCallID) else { return }
        link.send(goAway: GoAway(lastCallID: lastCallID))
        closeIfDrained()
    }

    private func closeIfDrained() {
        guard drain.isFinal, !isBusy, let link else { return }
        // At the end of the turn: the status that ended the last call is still being written.
        loop.execute { link.close() }
    }

    /// The time of a drain is over.
    func endNow() {
        link?.fail(.unavailable, "DRAINING", "The server is going down and has no more time.")
    }
}
