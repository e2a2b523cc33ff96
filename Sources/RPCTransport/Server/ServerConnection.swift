import Logging
import Observability
import RPC
import Reactor
import Wire

/// One accepted connection: begins calls, hands them their frames, takes leave.
// SAFETY: confined to the loop of its connection.
final class ServerConnection: FrameLinkOwner, @unchecked Sendable {
    let loopServer: LoopServer
    let context: ConnectionContext
    private(set) var link: FrameLink?
    private var calls: [UInt64: InboundCall] = [:]
    /// Handlers that still run although their call is over: they count as calls until they have noticed.
    private var orphanCount = 0
    private(set) var lastCallID: UInt64 = 0
    private var drain = DrainState()
    private let deadlines: DeadlineWatch
    private var cancels: RateGuard

    var config: ServerConfiguration { loopServer.config }
    var limits: ServerLimits { loopServer.config.limits }
    var isBusy: Bool { !calls.isEmpty || orphanCount > 0 }

    init(loopServer: LoopServer, context: ConnectionContext) {
        self.loopServer = loopServer
        self.context = context
        let limits = loopServer.config.limits
        deadlines = DeadlineWatch(loop: loopServer.loop)
        cancels = RateGuard(
            burst: limits.cancelBurstMax, perSecond: limits.cancelsPerSecondMax, now: loopServer.loop.now)
        deadlines.onDue = { [weak self] now in self?.expireCalls(now) ?? .never }
    }

    func start(_ link: FrameLink) {
        self.link = link
        link.start()
    }

    // MARK: Frames

    func link(_ link: FrameLink, received frame: FrameView) {
        if let start = frame.start { return begin(frame, start, link) }
        guard let call = calls[frame.callID] else { return receiveForEndedCall(frame, link) }
        if frame.status != nil || frame.header != nil {
            return link.fail(
                .invalidArgument, "FRAME_MISPLACED",
                "Only the side that serves a call sends header and status.")
        }
        if frame.payload != nil || frame.end { receive(frame, call, link) }
        if frame.credit > 0, !call.isEnded, !call.granted(frame.credit) {
            return link.fail(
                .invalidArgument, "CREDIT_TOO_LARGE", "More credit was granted than a call can hold.")
        }
        if frame.cancel != nil { cancel(call, link) }
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
        call.receiver?.receive(frame, on: call)
    }

    private func cancel(_ call: InboundCall, _ link: FrameLink) {
        call.abandon(.cancelled(), tellCaller: false)
        guard cancels.allows(at: loopServer.loop.now) else {
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
        guard calls.count + orphanCount < Int(limits.callsMax) else {
            throw RPCError.resourceExhausted(
                "TOO_MANY_CALLS",
                "More than \(limits.callsMax) calls at once on this connection; wait for some to end.",
                details: [(key: "calls_max", value: "\(limits.callsMax)")])
        }
        try StartChecks.check(start, limits, acceptsCaller: config.peers.trustsCallers)
    }

    private func open(_ frame: FrameView, _ start: StartView, _ link: FrameLink) throws {
        let route = config.routes.find(start.method)
        let now = loopServer.loop.now
        let isUnary = route.map { $0.method.kind == .unary } ?? false
        let deadline = StartChecks.deadline(start, limits, isUnary: isUnary, now: now)
        let call = InboundCall(
            id: frame.callID, owner: self, link: link, callCredit: limits.link.callCredit, deadline: deadline,
            isEndless: route?.method.isEndless ?? StartChecks.isEndless(start.method))
        if let payload = frame.payload { _ = call.account(payloadBytes: payload.count) }
        call.hasRemoteEnded = frame.end
        let metadata = try StartChecks.metadata(start, limits, acceptsReserved: config.peers.trustsCallers)
        if let route {
            let routed = RoutedCall(call, route, start, metadata, connection: self, now: now)
            calls[call.id] = call
            routed.begin(frame)
        } else if let fallback = config.fallback {
            calls[call.id] = call
            fallback(call, frame)
        } else {
            throw config.routes.unknown(start.method)
        }
        if !call.isEnded {
            deadlines.add(deadline)
            if drain.isDraining, call.isEndless { endEndless(call) }
        }
    }

    private func refuse(_ id: UInt64, _ error: RPCError, _ link: FrameLink) {
        config.observer.callRefused(reason: error.reason)
        CallStatus(error: error).encoded().withUnsafeBytes { bytes in
            var frame = FrameView(callID: id)
            frame.status = bytes
            link.write(frame)
        }
    }

    // MARK: Ending

    func callEnded(_ call: InboundCall) {
        calls[call.id] = nil
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
            if call.deadline.nanoseconds <= now { due.append(call) } else { next = min(next, call.deadline) }
        }
        for call in due {
            call.abandon(.deadlineExceeded("The call was not done within its timeout."), tellCaller: true)
        }
        return next
    }

    func link(_ link: FrameLink, closedWith error: RPCError?) {
        deadlines.cancel()
        let open = calls.values
        calls = [:]
        for call in open {
            call.abandon(.cancelled("The connection of the caller is gone."), tellCaller: false)
        }
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
                LogKey.error: "\(error.cause.map { "\($0)" } ?? error.message)",
            ])
    }

    // MARK: Hello, go-away, drain

    func linkReceivedHello(_ link: FrameLink) { context.agent = link.peerHello.agent }

    /// A client that goes away only says that it begins no more calls.
    func link(_ link: FrameLink, received goAway: GoAway) {}

    /// Takes no new connections' worth of calls: announces, then finishes what is there.
    func beginDrain() {
        guard let link, drain.begin() else { return }
        link.send(goAway: GoAway(lastCallID: GoAway.announcedLastCallID))
        link.send(ping: Ping(token: DrainState.pingToken, isAnswer: false))
        for call in Array(calls.values) where call.isEndless { endEndless(call) }
        loopServer.loop.schedule(after: limits.drainPingTimeout) { [weak self] in self?.confirmDrain() }
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
        loopServer.loop.execute { link.close() }
    }

    /// The time of a drain is over.
    func endNow() {
        link?.fail(.unavailable, "DRAINING", "The server is going down and has no more time.")
    }
}
