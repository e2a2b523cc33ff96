import RPC
import Reactor
import TLSTransport

/// One connection to a server: numbers calls, hands them their frames.
// SAFETY: confined to the loop of its connection.
final class ClientConnection: FrameLinkOwner, @unchecked Sendable {
    /// Let go when the connection ends.
    private var pool: ClientPool?
    let instance: Instance
    private(set) var link: FrameLink?
    private var calls: [UInt64: OutboundCall] = [:]
    /// Calls whose start waits for credit. They get their ids when it is written, so that ids rise in the order of the wire.
    private var unsent: [ObjectIdentifier: OutboundCall] = [:]
    private var nextCallID: UInt64 = 1
    /// No more calls begin here.
    private(set) var isLeaving = false
    /// Why this side gave the connection up.
    private var failure: (any Error)?

    /// The server begins no calls.
    var lastCallID: UInt64 { 0 }
    var isBusy: Bool { callCount > 0 }
    var callCount: Int { calls.count + unsent.count }

    init(pool: ClientPool, instance: Instance) {
        self.pool = pool
        self.instance = instance
    }

    func start(_ tls: TLSConnection, _ limits: ClientLimits, agent: String, traffic: LoopTraffic, backlog: Backlog) {
        let link = FrameLink(
            connection: tls, role: .client, limits: limits.link,
            hello: limits.link.hello(agent: agent, callsMax: 0), idleTimeout: nil, owner: self,
            traffic: traffic, backlog: backlog)
        self.link = link
        link.onDisposed = { [pool] in pool?.liveCountChanged(by: -1) }
        link.start()
    }

    /// Another call may begin here.
    var hasRoom: Bool {
        guard let link, link.isOpen, !isLeaving else { return false }
        return callCount < link.peerCallsMax
    }

    /// Begins the call. What it has queued goes out now.
    func begin(_ call: OutboundCall, now: UInt64) {
        guard let link else { return }
        call.place(on: self, now: now)
        // 0 would mean that there is no limit.
        call.attach(link, timeoutMillis: call.deadline.remainingMilliseconds(at: now).map { max($0, 1) } ?? 0)
    }

    /// The call's start is written next.
    func number(_ call: OutboundCall) {
        if !unsent.isEmpty { unsent[ObjectIdentifier(call)] = nil }
        call.id = nextCallID
        nextCallID += 1
        calls[call.id] = call
    }

    /// The call's start waits for credit.
    func startWaits(_ call: OutboundCall) { unsent[ObjectIdentifier(call)] = call }

    func forEachCall(_ body: (OutboundCall) -> Void) {
        for call in calls.values { body(call) }
        for call in unsent.values { body(call) }
    }

    func giveUpLongestQueue() -> Bool {
        var longest: OutboundCall?
        forEachCall { if $0.queuedBytes > longest?.queuedBytes ?? 0 { longest = $0 } }
        longest?.cancel(
            .resourceExhausted(
                "REQUEST_NOT_TAKEN", "The server does not take what waits for it; send less at a time."))
        return longest != nil
    }

    func giveUpLeastRead() {
        let least = calls.values.max { $0.unread < $1.unread }
        least?.cancel(
            .resourceExhausted("ANSWER_NOT_TAKEN", "Too much of the answer was not taken; read faster or ask for less.")
        )
    }

    func callEnded(_ call: OutboundCall) {
        if call.id > 0 { calls[call.id] = nil } else { unsent[ObjectIdentifier(call)] = nil }
        pool?.placeBecameFree()
        closeIfLeft()
    }

    // MARK: FrameLinkOwner

    func link(_ link: FrameLink, received frame: FrameView) {
        guard let call = calls[frame.callID] else { return receiveForEndedCall(frame, link) }
        guard frame.header == nil || call.takesHeader else {
            return link.fail(
                .invalidArgument, "FRAME_MISPLACED",
                "The header of an answer comes once, before or together with its first payload.")
        }
        if let payload = frame.payload, !call.account(payloadBytes: payload.count) {
            return link.fail(
                .resourceExhausted, "CALL_CREDIT_EXCEEDED",
                "A payload was sent although the credit of the call was used up; wait for credit.")
        }
        if frame.credit > 0, !call.granted(frame.credit) {
            return link.fail(
                .invalidArgument, "CREDIT_TOO_LARGE", "More credit was granted than a call can hold.")
        }
        if frame.header != nil || frame.payload != nil { call.takesHeader = false }
        if let status = frame.status { note(status, of: call) } else { call.hasAnswer = true }
        if frame.hasCallContent { call.receiver?.receive(frame, on: call) }
        if frame.status != nil, !call.isEnded { call.finished() }
    }

    private func receiveForEndedCall(_ frame: FrameView, _ link: FrameLink) {
        if let payload = frame.payload { link.consumed(PayloadCost.of(payload.count)) }
        guard frame.callID >= nextCallID else { return }
        link.fail(.invalidArgument, "CALL_UNKNOWN", "A frame names a call that was never begun.")
    }

    func linkReceivedHello(_ link: FrameLink) {
        for call in Array(calls.values) + Array(unsent.values) {
            call.helloArrived(callCredit: link.peerCallCredit)
        }
        pool?.helloReceived(self)
    }

    func link(_ link: FrameLink, received goAway: GoAway) {
        if !isLeaving {
            isLeaving = true
            pool?.connectionLeaves(self)
        }
        let error =
            goAway.error.map { Self.refusal($0) }
            ?? .unavailable(
                "NOT_BEGUN", "The server goes away and did not begin the call; call again elsewhere.")
        let lost = calls.values.filter { $0.id > goAway.lastCallID } + Array(unsent.values)
        for call in lost { call.fail(error, wasBegun: false) }
        closeIfLeft()
    }

    /// A go-away with a reason says that this side did something wrong, or that the server has no more time.
    private static func refusal(_ error: RPCError) -> RPCError {
        RPCError.unavailable(
            error.reason, "The server ended the connection: \(error.message)", cause: error)
    }

    func linkConfirmedDrain(_ link: FrameLink) {}

    func linkBecameWritable(_ link: FrameLink) {}

    func link(_ link: FrameLink, closedWith error: RPCError?) {
        self.link = nil
        let lost =
            error ?? .unavailable("CONNECTION_CLOSED", "The server closed the connection during the call.")
        let open = Array(calls.values) + Array(unsent.values)
        calls = [:]
        unsent = [:]
        if error != nil, !isLeaving, !open.isEmpty { pool?.callFailed(on: instance) }
        for call in open { call.fail(lost, wasBegun: call.id > 0) }
        pool?.connectionClosed(self, failure ?? error)
        pool = nil
    }

    // MARK: Leaving

    /// Begins no more calls, and closes when the last has ended.
    func leave() {
        isLeaving = true
        closeIfLeft()
    }

    /// Ends the connection since it cannot be used.
    func giveUp(_ error: any Error) {
        failure = error
        link?.close()
    }

    private func closeIfLeft() {
        guard isLeaving, !isBusy, let link else { return }
        link.loop.execute { link.close() }
    }

    // MARK: How the instance does

    /// What a status says of the instance that sent it. Most are empty, which is OK.
    private func note(_ status: UnsafeRawBufferPointer, of call: OutboundCall) {
        guard !isLeaving, let pool else { return }
        switch status.isEmpty ? .ok : CallStatus.code(of: status) {
        case .unavailable where Self.speaksOfInstance(status): pool.callFailed(on: instance)
        case .deadlineExceeded: noteDeadline(of: call, now: pool.loop.now)
        case .unavailable, .cancelled: break
        default: pool.callSucceeded(on: instance)
        }
    }

    /// Anybody can bring about some refusals (a version of rights that there is not, more calls than an instance does in time); they say
    /// nothing of how the instance does.
    private static func speaksOfInstance(_ status: UnsafeRawBufferPointer) -> Bool {
        guard let error = (try? CallStatus(parsing: status))?.error else { return true }
        return !callersOwn.contains(error.reason)
    }

    private static let callersOwn: Set<String> = [
        "OVERLOADED", "POLICY_UNAVAILABLE", "TENANT_NOT_PLACED", "WORKSPACE_UNAVAILABLE", "TENANT_SETUP_DELAYED",
        "PASSWORD_CHECK_OVERLOADED", "DRAINING",
        // They speak of a third program.
        "REFERENCE_CHECK_UNAVAILABLE", "SERVICE_UNAVAILABLE", "SERVICE_INTERRUPTED",
    ]

    /// The call ends by its deadline: the instance is to blame when it was silent for so long that others would have answered.
    func noteDeadline(of call: OutboundCall, now: UInt64) {
        guard !isLeaving, !call.hasAnswer, let pool,
            now - call.placedAt >= pool.config.limits.silenceMin.nanosecondsClamped
        else { return }
        pool.callFailed(on: instance)
    }
}
