import RPC
import Reactor

/// A streaming call of a client.
// SAFETY: confined to its loop; every method goes there first.
final class StreamClientCall: CallReceiver, ClientCall, @unchecked Sendable {
    private let pool: ClientPool
    private let loop: EventLoop
    private let call: ForwardReference
    private let answers: MessageQueue
    private var readiness: CheckedContinuation<Void, any Error>?
    private var failure: RPCError?
    private var hasFinished = false

    /// The call names its receiver and the receiver its call; one of them comes first.
    private final class ForwardReference: @unchecked Sendable {  // SAFETY: confined to the loop
        var call: OutboundCall?
    }

    init(pool: ClientPool) {
        self.pool = pool
        loop = pool.loop
        call = ForwardReference()
        answers = MessageQueue(loop: pool.loop, bytesMax: Int(pool.config.limits.link.messageBytesMax))
    }

    /// Opens the call: its start goes out alone, messages follow.
    func start(_ startBytes: [UInt8], deadline: Deadline, waitsForReady: Bool) {
        let outbound = OutboundCall(
            deadline: deadline, waitsForReady: waitsForReady, callCredit: pool.config.limits.link.callCredit,
            receiver: self)
        call.call = outbound
        startBytes.withUnsafeBytes { bytes in
            // Made by StartBytes; they parse.
            guard let start = try? StartView(parsing: bytes) else { return }
            pool.place(outbound, start, FrameView())
        }
    }

    // MARK: ClientCall

    func send(_ message: [UInt8]) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                onLoop { self.transmit(message, continuation) }
            }
        } onCancel: {
            cancel()
        }
    }

    private func transmit(_ message: [UInt8], _ continuation: CheckedContinuation<Void, any Error>) {
        guard !hasFinished, let outbound = call.call, !outbound.isEnded else {
            return continuation.resume(throwing: failure ?? RPCError.cancelled("The call has ended."))
        }
        message.withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.payload = bytes
            outbound.transmit(frame)
        }
        if outbound.isDrained { continuation.resume() } else { readiness = continuation }
    }

    func finish() async throws {
        onLoop {
            guard !self.hasFinished, let outbound = self.call.call else { return }
            self.hasFinished = true
            var frame = FrameView()
            frame.end = true
            outbound.transmit(frame)
        }
    }

    func next() async throws -> [UInt8]? {
        guard let item = try await answers.next() else { return nil }
        onLoop { self.call.call?.release(item.cost) }
        return item.bytes
    }

    func cancel() {
        onLoop { self.call.call?.cancel() }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if loop.isCurrent { body() } else { loop.execute(body) }
    }

    // MARK: CallReceiver

    func receive(_ frame: FrameView, on call: FrameCall) {
        if let payload = frame.payload {
            let cost = PayloadCost.of(payload.count)
            if !answers.append(payload, more: frame.more, cost: cost) { call.release(cost) }
            if let error = answers.error { return self.call.call?.cancel(error) ?? () }
        }
        if let status = frame.status { finish(status) }
    }

    private func finish(_ status: UnsafeRawBufferPointer) {
        let error: RPCError?
        do {
            error = try CallStatus(parsing: status).error
        } catch let malformed {
            error = RPCError(
                .internal, reason: "STATUS_MALFORMED", "The server's status is malformed.", cause: malformed)
        }
        answers.end(error)
        ended(error)
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        answers.fail(error)
        ended(error)
    }

    func drained(_ call: FrameCall) {
        readiness?.resume()
        readiness = nil
    }

    private func ended(_ error: RPCError?) {
        failure = error
        // Messages that the server did not want any more are no error of the call.
        readiness?.resume(throwing: error ?? .cancelled("The server ended the call."))
        readiness = nil
        call.call = nil
    }
}
