import RPC
import Reactor
import TLSTransport

/// One connection to a server: numbers calls, hands them their frames.
// SAFETY: confined to the loop of its connection.
final class ClientConnection: FrameLinkOwner, @unchecked Sendable {
    private weak var pool: ClientPool?
    let memberIndex: Int
    private(set) var link: FrameLink?
    private var calls: [UInt64: OutboundCall] = [:]
    private var nextCallID: UInt64 = 1
    /// The server takes no more calls here.
    private(set) var isLeaving = false

    /// The server begins no calls.
    var lastCallID: UInt64 { 0 }
    var isBusy: Bool { !calls.isEmpty }
    var callCount: Int { calls.count }

    init(pool: ClientPool, memberIndex: Int) {
        self.pool = pool
        self.memberIndex = memberIndex
    }

    func start(_ tls: TLSConnection, _ limits: ClientLimits, agent: String) {
        let link = FrameLink(
            connection: tls, role: .client, limits: limits.link,
            hello: limits.link.hello(agent: agent, callsMax: 0), idleTimeout: nil, owner: self)
        self.link = link
        link.onDisposed = { [weak pool] in pool?.liveCountChanged(by: -1) }
        link.start()
    }

    /// Another call may begin here.
    var hasRoom: Bool {
        guard let link, link.isOpen, !isLeaving else { return false }
        return calls.count < Int(link.peerHello.callsMax)
    }

    /// Begins the call. What it has queued goes out now.
    func begin(_ call: OutboundCall, now: UInt64) {
        guard let link else { return }
        let id = nextCallID
        nextCallID += 1
        calls[id] = call
        call.owner = self
        call.attach(link, id: id, timeoutMillis: call.deadline.remainingMilliseconds(at: now) ?? 0)
    }

    func forEachCall(_ body: (OutboundCall) -> Void) {
        for call in calls.values { body(call) }
    }

    func callEnded(_ call: OutboundCall) {
        calls[call.id] = nil
        pool?.placeBecameFree()
        closeIfLeft()
    }

    // MARK: FrameLinkOwner

    func link(_ link: FrameLink, received frame: FrameView) {
        guard frame.start == nil, frame.cancel == nil else {
            return link.fail(
                .invalidArgument, "FRAME_MISPLACED", "Only the side that opened the connection calls.")
        }
        guard let call = calls[frame.callID] else { return receiveForEndedCall(frame, link) }
        if let payload = frame.payload, !call.account(payloadBytes: payload.count) {
            return link.fail(
                .resourceExhausted, "CALL_CREDIT_EXCEEDED",
                "A payload was sent although the credit of the call was used up; wait for credit.")
        }
        if frame.credit > 0, !call.granted(frame.credit) {
            return link.fail(
                .invalidArgument, "CREDIT_TOO_LARGE", "More credit was granted than a call can hold.")
        }
        if frame.hasCallContent { call.receiver?.receive(frame, on: call) }
        if frame.status != nil, !call.isEnded { call.finished() }
    }

    private func receiveForEndedCall(_ frame: FrameView, _ link: FrameLink) {
        if let payload = frame.payload { link.consumed(PayloadCost.of(payload.count)) }
        guard frame.callID >= nextCallID else { return }
        link.fail(.invalidArgument, "CALL_UNKNOWN", "A frame names a call that was never begun.")
    }

    func linkReceivedHello(_ link: FrameLink) {
        for call in Array(calls.values) { call.helloArrived(callCredit: link.peerHello.callCredit) }
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
        for call in Array(calls.values) where call.id > goAway.lastCallID {
            call.fail(error, wasBegun: false)
        }
        closeIfLeft()
    }

    /// A go-away with a reason says that this side did something wrong, or that the server has no more time.
    private static func refusal(_ error: RPCError) -> RPCError {
        RPCError.unavailable(
            error.reason, "The server ended the connection: \(error.message)", cause: error)
    }

    func linkConfirmedDrain(_ link: FrameLink) {}

    func link(_ link: FrameLink, closedWith error: RPCError?) {
        self.link = nil
        let lost =
            error ?? .unavailable("CONNECTION_CLOSED", "The server closed the connection during the call.")
        let open = calls.values
        calls = [:]
        for call in open { call.fail(lost, wasBegun: true) }
        pool?.connectionClosed(self, error)
    }

    private func closeIfLeft() {
        guard isLeaving, calls.isEmpty, let link else { return }
        link.loop.execute { link.close() }
    }
}
