import DequeModule
package import RPC
import Wire

/// Who takes what comes for a call: the code that serves it, the client that made it, or a relay. All on the call's loop.
package protocol CallReceiver: AnyObject, Sendable {
    /// Parts have come: header, payload, more, end or status. Pointers are valid during the call only. Whoever takes a payload
    /// calls `call.release` with its cost once it is done with it.
    func receive(_ frame: FrameView, on call: FrameCall)

    /// The call is over without a status from the other side: cancelled, past its deadline, or the connection is gone.
    /// - Parameter wasBegun: false when the other side certainly did nothing, so that sending again is safe.
    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall)

    /// Everything that waited for flow control has been sent.
    func drained(_ call: FrameCall)
}

extension CallReceiver {
    package func drained(_ call: FrameCall) {}
}

/// One call on a connection, as either side sees it: what is sent waits here for credit, what comes is accounted for.
// SAFETY: confined to the loop of its connection.
package class FrameCall: @unchecked Sendable {
    /// A frame that waits. Pieces are cut to the peer's frame size when queued; they share the memory of their message.
    private struct Queued {
        var start: [UInt8]?
        var header: [UInt8]?
        var payload: ArraySlice<UInt8>?
        var more = false
        var end = false
        var status: [UInt8]?
        /// Memory that is free again once this frame is written: the last piece of a message counts for all.
        var bytes = 0
    }

    /// The id on the connection; 0 as long as the start of a client's call has not been written.
    @exclusivity(unchecked) package internal(set) var id: UInt64
    /// Who takes what comes.
    @exclusivity(unchecked) package var receiver: (any CallReceiver)?
    /// Nothing more is sent or received.
    @exclusivity(unchecked) package internal(set) var isEnded = false
    /// The other side has no more payloads.
    @exclusivity(unchecked) var hasRemoteEnded = false

    @exclusivity(unchecked) var link: FrameLink?
    @exclusivity(unchecked) var sendWindow: CreditWindow
    @exclusivity(unchecked) private var meter: CreditMeter
    @exclusivity(unchecked) private(set) var unread = 0
    @exclusivity(unchecked) private var queue = Deque<Queued>()
    @exclusivity(unchecked) private var isBlockedOnLink = false
    /// Bytes that wait for credit.
    @exclusivity(unchecked) package private(set) var queuedBytes = 0

    init(id: UInt64, link: FrameLink?, callCredit: UInt32) {
        self.id = id
        self.link = link
        sendWindow = CreditWindow(initial: link.map { $0.peerCallCredit } ?? Hello.assumed.callCredit)
        meter = CreditMeter(window: callCredit)
    }

    // MARK: Receiving

    /// Takes note of a payload. False when the sender had no credit for it.
    func account(payloadBytes: Int) -> Bool {
        let cost = PayloadCost.of(payloadBytes)
        unread += cost
        return meter.receive(cost)
    }

    /// The receiver is done with payloads of so much cost; the sender may send more.
    package func release(_ cost: Int) {
        guard !isEnded else { return }
        unread -= cost
        guard let link else { return }
        link.consumed(cost)
        guard !hasRemoteEnded else { return }
        let credit = meter.release(cost)
        guard credit > 0 else { return }
        var frame = FrameView(callID: id)
        frame.credit = credit
        link.write(frame)
    }

    /// The other side grants more. False when it grants more than a call can hold.
    func granted(_ credit: UInt32) -> Bool {
        guard sendWindow.grant(credit) else { return false }
        goOn()
        return true
    }

    // MARK: Sending

    /// Everything handed over has been written.
    package var isDrained: Bool { queue.isEmpty }

    /// Whether a stream should wait with its next message; `drained` follows when it need not any more. A message that is sent then is
    /// encoded straight into the connection's buffer.
    var isHeldBack: Bool {
        guard let link, !isEnded else { return !queue.isEmpty }
        guard queue.isEmpty, sendWindow.isOpen else { return true }
        if link.maySendPayload { return false }
        waitForLink()
        return true
    }

    /// A payload of this size can be written now in one frame.
    func canSend(payloadBytes: Int, _ link: FrameLink) -> Bool {
        guard queue.isEmpty, sendWindow.isOpen, link.maySendPayload else { return false }
        return payloadBytes + Self.frameOverheadMax <= link.peerFrameBytesMax
    }

    /// Room for everything in a frame beside payload, start, header and status.
    static let frameOverheadMax = 64

    /// Sends parts of this call, now or as soon as flow control allows, in order. The id of the frame is set here.
    package final func transmit(_ frame: FrameView) {
        guard !isEnded else { return }
        guard let link else { return enqueue(frame, nil) }
        let tail = (frame.header?.count ?? 0) + (frame.status?.count ?? 0)
        guard tail <= CallStatus.bytesAlwaysFitting else { return transmitCut(frame, nil, link) }
        guard claim(frame.payload, beside: tail, link) else { return enqueue(frame, nil) }
        var frame = frame
        frame.callID = id
        link.write(frame)
        wrote(hasStatus: frame.status != nil)
    }

    /// Sends the first parts of a client's call as `transmit` does, with its start.
    package final func transmit(_ frame: FrameView, start: StartView) {
        guard !isEnded else { return }
        guard let link else { return enqueue(frame, start) }
        guard claim(frame.payload, beside: start.encodedSize, link) else { return enqueue(frame, start) }
        willWriteStart()
        var frame = frame
        frame.callID = id
        link.write(frame, start: start)
    }

    /// Takes credit for the payload if all of it can be written now.
    private func claim(_ payload: UnsafeRawBufferPointer?, beside otherBytes: Int, _ link: FrameLink) -> Bool {
        guard let payload else { return queue.isEmpty }
        guard canSend(payloadBytes: payload.count + otherBytes, link) else { return false }
        spend(payload.count, link)
        return true
    }

    /// For subclasses: the start is written next, and the call needs its id now.
    func willWriteStart() {}

    /// For subclasses: the start waits for credit or a connection.
    func startWaits() {}

    /// For subclasses: ends the call with an error, since it cannot be sent as it is.
    func refuseToSend(_ error: RPCError) {}

    /// Sends a message as payload, together with header and status, encoded straight into the connection's buffer if possible.
    /// - Parameters:
    ///   - bytes: `WireCodec.encodedSize(message)`.
    ///   - frame: the other parts, with the id of this call.
    final func transmit(_ message: Message, bytes: Int, in frame: FrameView) {
        guard !isEnded, let link else { return }
        guard canSend(payloadBytes: bytes + (frame.header?.count ?? 0) + (frame.status?.count ?? 0), link) else {
            return transmitInPieces(message, bytes, frame, link)
        }
        spend(bytes, link)
        link.write(frame, message: message, messageBytes: bytes)
        wrote(hasStatus: frame.status != nil)
    }

    /// A frame has been written. For subclasses: a status ends the call.
    func wrote(hasStatus: Bool) {}

    func spend(_ payloadBytes: Int, _ link: FrameLink) {
        let cost = PayloadCost.of(payloadBytes)
        sendWindow.spend(cost)
        link.spend(cost)
    }

    func enqueue(_ frame: FrameView, _ start: StartView?) {
        enqueue(frame, start, payload: frame.payload.map { Array($0)[...] })
    }

    func enqueue(_ frame: FrameView, _ start: StartView?, payload: ArraySlice<UInt8>?) {
        var rest = payload ?? []
        let extra = (frame.header?.count ?? 0) + (frame.status?.count ?? 0) + (start?.encodedSize ?? 0)
        let frameBytesMax = link?.peerFrameBytesMax ?? Int(Hello.assumed.frameBytesMax)
        let room = max(frameBytesMax - Self.frameOverheadMax - extra, 1_024)
        var next = Queued(start: start?.encoded(), header: frame.header.map { Array($0) })
        while rest.count > room {
            next.payload = rest.prefix(room)
            next.more = true
            append(next)
            next = Queued()
            rest = rest.dropFirst(room)
        }
        if payload != nil { next.payload = rest }
        next.more = frame.more
        next.end = frame.end
        next.status = frame.status.map { Array($0) }
        next.bytes = (payload?.count ?? 0) + (next.status?.count ?? 0)
        append(next)
        pump()
        if start != nil, queue.first?.start != nil { startWaits() }
    }

    private func append(_ item: Queued) {
        let bytes = item.bytes
        queuedBytes += bytes
        queue.append(item)
        link?.queuedBytesChanged(by: bytes)
    }

    /// Writes what waits, as far as credit goes.
    private func pump() {
        guard let link, !queue.isEmpty else { return }
        while let item = queue.first {
            if item.payload != nil {
                guard sendWindow.isOpen else { return }
                guard link.maySendPayload else { return waitForLink() }
            }
            queue.removeFirst()
            write(item, link)
            guard !isEnded else { return }
        }
        receiver?.drained(self)
    }

    /// Gives a call that waited a connection, and sends what has queued up.
    /// - Parameter timeoutMillis: what is left of the caller's time, for the start that waits.
    func attach(_ link: FrameLink, timeoutMillis: UInt64) {
        self.link = link
        sendWindow = CreditWindow(initial: link.peerCallCredit)
        guard !queue.isEmpty else { return }
        link.queuedBytesChanged(by: queuedBytes)
        if let bytes = queue[0].start { queue[0].start = Self.start(bytes, timeoutMillis: timeoutMillis) }
        pump()
        if !isEnded, queue.first?.start != nil { startWaits() }
    }

    private static func start(_ bytes: [UInt8], timeoutMillis: UInt64) -> [UInt8] {
        bytes.withUnsafeBytes { bytes in
            // These bytes were made by StartView.encoded; they parse.
            guard var view = try? StartView(parsing: bytes) else { return Array(bytes) }
            view.timeoutMillis = timeoutMillis
            return view.encoded()
        }
    }

    private func waitForLink() {
        guard !isBlockedOnLink else { return }
        isBlockedOnLink = true
        link?.block(self)
    }

    /// The connection has room or credit again.
    func linkMaySend() {
        isBlockedOnLink = false
        if !isEnded { goOn() }
    }

    /// There is credit or room again.
    private func goOn() {
        if !queue.isEmpty { pump() } else if !isHeldBack { receiver?.drained(self) }
    }

    private func write(_ item: Queued, _ link: FrameLink) {
        if let payload = item.payload { spend(payload.count, link) }
        let bytes = item.bytes
        queuedBytes -= bytes
        link.queuedBytesChanged(by: -bytes)
        if item.start != nil { willWriteStart() }
        withOptionalBytes(item.start, item.header, item.status, nil) { start, header, status, _ in
            var frame = FrameView(callID: id)
            frame.start = start
            frame.header = header
            frame.more = item.more
            frame.end = item.end
            frame.status = status
            guard let payload = item.payload else { return link.write(frame) }
            payload.withUnsafeBytes {
                frame.payload = $0
                link.write(frame)
            }
        }
        wrote(hasStatus: item.status != nil)
    }

    /// What waits for credit is not sent.
    func dropQueue() {
        guard !queue.isEmpty else { return }
        queue.removeAll()
        link?.queuedBytesChanged(by: -queuedBytes)
        queuedBytes = 0
    }

    /// Lets go of everything; nothing is sent or received from now on.
    func end() {
        guard !isEnded else { return }
        isEnded = true
        dropQueue()
        guard let link = link.take() else { return }
        if unread > 0 {
            link.consumed(unread)
            unread = 0
        }
    }
}

/// Pointers to several optional arrays at once.
func withOptionalBytes(
    _ a: [UInt8]?, _ b: [UInt8]?, _ c: [UInt8]?, _ d: [UInt8]?,
    _ body: (
        UnsafeRawBufferPointer?, UnsafeRawBufferPointer?, UnsafeRawBufferPointer?, UnsafeRawBufferPointer?
    ) -> Void
) {
    func with(_ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body($0) }
    }
    with(a) { a in with(b) { b in with(c) { c in with(d) { d in body(a, b, c, d) } } } }
}

extension FrameCall {
    /// The other side's hello came after this call had begun on the assumed credit.
    func helloArrived(callCredit: UInt32?) {
        sendWindow.replaceInitial(callCredit)
        linkMaySend()
    }
}
