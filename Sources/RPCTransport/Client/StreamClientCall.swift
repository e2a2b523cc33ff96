import RPC
import Reactor

/// A streaming call of a client. One that streams only its answer is sent again like a unary call as long as nothing of the answer
/// has come: its one request is kept until then.
// SAFETY: confined to its loop; every method goes there first.
final class StreamClientCall: CallReceiver, RepeatingCall, ClientCall, @unchecked Sendable {
    private let pool: ClientPool
    private let loop: EventLoop
    private let startBytes: [UInt8]
    private let deadline: Deadline
    private let waitsForReady: Bool
    /// May be done twice.
    private let mayRepeat: Bool
    /// The only connection that will do.
    private let pinned: ClientConnection?
    private let answers: MessageQueue
    private var notes: AnswerNotes
    private var call: OutboundCall?
    private var readiness: CheckedContinuation<Result<Void, RPCError>, Never>?
    private var failure: RPCError?
    private var hasFinished = false
    private var hasEnded = false

    /// There is one request, and it can be sent again: nothing of the answer has come.
    private var keepsRequest: Bool
    private var request: [UInt8]?
    private var resends = 0
    private var attempts = 1
    /// The server may have done something of it, in whichever attempt.
    private var mayHaveBegun = false

    init(pool: ClientPool, _ method: MethodDefinition, _ options: CallOptions, pinned: ClientConnection? = nil) {
        self.pool = pool
        self.pinned = pinned
        loop = pool.loop
        startBytes = StartBytes.make(method, options)
        notes = AnswerNotes(options)
        deadline = options.effectiveDeadline(default: nil)
        waitsForReady = options.waitForReady
        keepsRequest = pinned == nil && method.kind == .serverStreaming
        mayRepeat = RetryPolicy.mayRepeat(method, options)
        answers = MessageQueue(loop: pool.loop, bytesMax: Int(pool.config.limits.link.messageBytesMax))
    }

    /// Opens the call: its start goes out alone, messages follow.
    func start() {
        onLoop {
            self.pool.retryBudget.callBegan()
            self.sendAgain()
        }
    }

    /// Sends start and request, as far as there is one yet.
    func sendAgain() {
        // It may have been given up before it began.
        guard !hasEnded else { return }
        let outbound = OutboundCall(
            deadline: deadline, waitsForReady: waitsForReady, callCredit: pool.config.limits.link.callCredit,
            receiver: self)
        call = outbound
        startBytes.withUnsafeBytes { bytes in
            // Made by StartBytes; they parse.
            guard let start = try? StartView(parsing: bytes) else { return }
            (request ?? []).withUnsafeBytes { payload in
                var frame = FrameView()
                if request != nil { frame.payload = payload }
                frame.end = hasFinished
                pool.place(outbound, start, frame, on: pinned)
            }
        }
    }

    // MARK: ClientCall

    func send(_ message: [UInt8]) async throws(RPCError) {
        try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                onLoop { self.transmit(message, continuation) }
            }
        } onCancel: {
            cancel()
        }.get()
    }

    private func transmit(_ message: [UInt8], _ continuation: CheckedContinuation<Result<Void, RPCError>, Never>) {
        guard !hasFinished, !hasEnded else {
            return continuation.resume(returning: .failure(failure ?? .cancelled("The call has ended.")))
        }
        if keepsRequest { request = message }
        // Between two attempts: the request goes along with the next.
        guard let call, !call.isEnded else { return continuation.resume(returning: .success(())) }
        message.withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.payload = bytes
            call.transmit(frame)
        }
        if call.isDrained { continuation.resume(returning: .success(())) } else { readiness = continuation }
    }

    func finish() async throws(RPCError) {
        onLoop {
            guard !self.hasFinished, !self.hasEnded else { return }
            self.hasFinished = true
            var frame = FrameView()
            frame.end = true
            self.call?.transmit(frame)
        }
    }

    func next() async throws(RPCError) -> [UInt8]? {
        guard let item = try await answers.next() else { return nil }
        onLoop { self.call?.release(item.cost) }
        return item.bytes
    }

    func cancel() {
        onLoop {
            if let call = self.call { return call.cancel() }
            self.pool.forget(self)
            self.ended(.cancelled())
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.isCurrent { body() } else { loop.execute(body) }
    }

    // MARK: CallReceiver

    func receive(_ frame: FrameView, on call: FrameCall) {
        if let header = frame.header { notes.note(header: header) }
        if frame.header != nil || frame.payload != nil { letGoOfRequest() }
        if let payload = frame.payload {
            let cost = PayloadCost.of(payload.count)
            if !answers.append(payload, more: frame.more, cost: cost) { call.release(cost) }
            if let error = answers.error { return self.call?.cancel(error) ?? () }
        }
        if let status = frame.status { finish(status) }
    }

    private func letGoOfRequest() {
        keepsRequest = false
        request = nil
    }

    private func finish(_ status: UnsafeRawBufferPointer) {
        do {
            let status = try CallStatus(parsing: status)
            if let error = status.error { failed(error, status) } else { ended(nil, status) }
        } catch let malformed {
            ended(
                RPCError(
                    .internal, reason: "STATUS_MALFORMED", "The server's status is malformed.", cause: malformed))
        }
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        if keepsRequest, !wasBegun, self.call?.wasPlaced == true, error.code == .unavailable,
            resends < pool.config.limits.resendsMax
        {
            resends += 1
            requestIsSafe()
            return sendAgain()
        }
        mayHaveBegun = mayHaveBegun || wasBegun
        failed(error)
    }

    /// - Parameter status: how the server ended the call, if it did.
    private func failed(_ error: RPCError, _ status: CallStatus? = nil) {
        guard keepsRequest, mayRepeat,
            let wait = pool.retryWait(after: error, attempts: attempts, deadline: deadline)
        else { return ended(error, status) }
        attempts += 1
        call = nil
        requestIsSafe()
        pool.sendAgain(self, after: wait)
    }

    /// Whoever sends the request need not wait: it is kept for another attempt.
    private func requestIsSafe() {
        readiness?.resume(returning: .success(()))
        readiness = nil
    }

    func giveUp(_ error: RPCError) { ended(error) }

    func drained(_ call: FrameCall) { requestIsSafe() }

    /// - Parameter status: how the server ended the call, if it did: then the messages before it count.
    private func ended(_ error: RPCError?, _ status: CallStatus? = nil) {
        guard !hasEnded else { return }
        hasEnded = true
        let error = status == nil ? error.map { pool.config.audience.face(of: $0, wasBegun: mayHaveBegun) } : error
        failure = error
        letGoOfRequest()
        if let status { notes.end(status) }
        if let error, status == nil { answers.fail(error) } else { answers.end(error) }
        // Messages that the server did not want any more are no error of the call.
        readiness?.resume(returning: .failure(error ?? .cancelled("The server ended the call.")))
        readiness = nil
        call = nil
    }
}
