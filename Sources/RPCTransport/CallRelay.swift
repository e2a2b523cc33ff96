package import RPC

/// Passes a call on to another server, frame by frame, without looking into its messages: payloads, header, status, cancellation
/// and credit in both directions. What one side cannot take holds the other side back.
// SAFETY: confined to the loop that both connections live on.
package final class CallRelay: CallReceiver, @unchecked Sendable {
    private let inbound: InboundCall
    private var outbound: OutboundCall?
    private let audience: ErrorAudience
    private let onEnd: (RelayEnd) -> Budget?
    /// Credit that the sender gets once the other side has taken what was passed on.
    @exclusivity(unchecked) private var owedToInbound = 0
    @exclusivity(unchecked) private var owedToOutbound = 0
    /// What was passed on of an answer that is not whole yet.
    @exclusivity(unchecked) private var answerBytes = 0
    @exclusivity(unchecked) private var hasEnded = false

    private init(_ inbound: InboundCall, _ audience: ErrorAudience, onEnd: @escaping (RelayEnd) -> Budget?) {
        self.inbound = inbound
        self.audience = audience
        self.onEnd = onEnd
    }

    /// Begins to pass on.
    /// - Parameters:
    ///   - first: the first frame of the call.
    ///   - start: its start, changed as the next server shall see it. The timeout is set here.
    ///   - client: leads to the next server.
    ///   - onEnd: learns, once, how the call ended, and says what the caller is told of its budget; nil: nothing.
    package static func start(
        _ inbound: InboundCall, first: FrameView, start: StartView, client: RPCClient,
        onEnd: @escaping (RelayEnd) -> Budget?
    ) {
        let relay = CallRelay(inbound, client.audience, onEnd: onEnd)
        inbound.receiver = relay
        var frame = FrameView()
        frame.payload = first.payload
        frame.more = first.more
        frame.end = first.end
        let outbound = client.startRaw(
            start: start, first: frame, deadline: inbound.deadline, receiver: relay)
        relay.outbound = outbound
        relay.settle(first.payload, from: inbound, to: outbound)
    }

    package func receive(_ frame: FrameView, on call: FrameCall) {
        guard let outbound else { return }
        let target: FrameCall = call === inbound ? outbound : inbound
        if target === inbound {
            if let payload = frame.payload, let error = answerRefusal(payload.count, more: frame.more) {
                return inbound.abandon(error, tellCaller: true)
            }
            if let status = frame.status { return passEnd(frame, status) }
        }
        pass(frame, from: call, to: target, status: nil)
    }

    private func pass(
        _ frame: FrameView, from call: FrameCall, to target: FrameCall, status: UnsafeRawBufferPointer?
    ) {
        var passed = FrameView()
        passed.header = frame.header
        passed.payload = frame.payload
        passed.more = frame.more
        // Only a caller's frames have it.
        passed.end = frame.end
        passed.status = status
        target.transmit(passed)
        settle(frame.payload, from: call, to: target)
    }

    /// The next server knows what this one takes, not what the caller takes.
    private func answerRefusal(_ bytes: Int, more: Bool) -> RPCError? {
        let whole = answerBytes + bytes
        answerBytes = more ? whole : 0
        return inbound.refusal(ofMessageBytes: whole)
    }

    /// Gives credit back to the sender when the other side has taken everything, else keeps it until then.
    private func settle(_ payload: UnsafeRawBufferPointer?, from source: FrameCall, to target: FrameCall) {
        guard let payload else { return }
        let cost = PayloadCost.of(payload.count)
        if target.isDrained {
            source.release(cost)
        } else if source === inbound {
            owedToInbound += cost
        } else {
            owedToOutbound += cost
        }
    }

    package func drained(_ call: FrameCall) {
        if call === inbound {
            let owed = owedToOutbound
            owedToOutbound = 0
            if owed > 0 { outbound?.release(owed) }
        } else {
            let owed = owedToInbound
            owedToInbound = 0
            if owed > 0 { inbound.release(owed) }
        }
    }

    package func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        if call === inbound {
            _ = end(RelayEnd(code: error.code, cost: 0))
            outbound?.cancel(error)
        } else {
            let told = audience.face(of: error, wasBegun: wasBegun)
            inbound.finish(told, budget: end(RelayEnd(code: told.code, cost: 0, failure: told)))
        }
        outbound = nil
    }

    /// Passes on the last frame of the answer, with what the caller is told of its budget in place of what the server said.
    private func passEnd(_ frame: FrameView, _ status: UnsafeRawBufferPointer) {
        guard let outbound else { return }
        // An empty Status is OK, which nearly every call ends with.
        let parsed = status.isEmpty ? CallStatus() : try? CallStatus(parsing: status)
        let budget = end(RelayEnd(code: parsed?.error?.code ?? .ok, cost: parsed?.budget?.cost ?? 0))
        guard let budget, let parsed else { return pass(frame, from: outbound, to: inbound, status: status) }
        if parsed.error == nil {
            budget.withEncodedStatus { pass(frame, from: outbound, to: inbound, status: $0) }
        } else {
            CallStatus(error: parsed.error, budget: budget).encoded().withUnsafeBytes {
                pass(frame, from: outbound, to: inbound, status: $0)
            }
        }
    }

    private func end(_ end: RelayEnd) -> Budget? {
        guard !hasEnded else { return nil }
        hasEnded = true
        return onEnd(end)
    }
}

/// How a call ended that was passed on.
package struct RelayEnd: Sendable {
    /// The code that the server gave, or why there was no answer of it.
    package let code: StatusCode
    /// What the server says that the call cost; 0 when it does not say.
    package let cost: UInt32
    /// What the caller was told when there was no answer of the server, with the cause.
    package var failure: RPCError?
}
