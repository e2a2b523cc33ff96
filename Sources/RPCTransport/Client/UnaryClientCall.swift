import RPC
import Reactor

/// A unary call of a client: one request, one answer. Sent again when the server did not begin it, and when it failed and may be
/// repeated.
// SAFETY: confined to its loop; `run` and `cancel` go there first.
final class UnaryClientCall: CallReceiver, RepeatingCall, @unchecked Sendable {
    private let pool: ClientPool
    private let startBytes: [UInt8]
    private let request: [UInt8]
    private let deadline: Deadline
    private let waitsForReady: Bool
    /// May be done twice.
    private let mayRepeat: Bool
    /// The only connection that will do.
    private let pinned: ClientConnection?
    /// The other attempt of a hedged call, whose connection will do only when there is no other.
    private let other: UnaryClientCall?
    private var call: OutboundCall?
    private var continuation: CheckedContinuation<Result<[UInt8], RPCError>, Never>?
    private var assembly: MessageAssembly
    private var answer: [UInt8]?
    private var notes: AnswerNotes
    private var resends = 0
    private var attempts = 1
    private var isCancelled = false
    /// The server may have done something of it, in whichever attempt.
    private var mayHaveBegun = false

    init(
        pool: ClientPool, _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions,
        pinned: ClientConnection? = nil, hedging other: UnaryClientCall? = nil
    ) {
        let limits = pool.config.limits
        self.pool = pool
        self.request = request
        self.pinned = pinned
        self.other = other
        startBytes = StartBytes.make(method, options)
        notes = AnswerNotes(options)
        deadline = options.effectiveDeadline(default: limits.unaryTimeoutDefault)
        waitsForReady = options.waitForReady
        mayRepeat = pinned == nil && other == nil && RetryPolicy.mayRepeat(method, options)
        assembly = MessageAssembly(bytesMax: Int(limits.link.messageBytesMax))
    }

    /// Makes the call. Cancelling the task cancels it.
    func run() async throws(RPCError) -> [UInt8] {
        let loop = pool.loop
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if loop.isCurrent { start(continuation) } else { loop.execute { self.start(continuation) } }
            }
        } onCancel: {
            loop.execute { self.cancel() }
        }.get()
    }

    private func start(_ continuation: CheckedContinuation<Result<[UInt8], RPCError>, Never>) {
        guard !isCancelled else { return continuation.resume(returning: .failure(.cancelled())) }
        self.continuation = continuation
        if other == nil { pool.retryBudget.callBegan() }
        send()
    }

    private func send() {
        let call = OutboundCall(
            deadline: deadline, waitsForReady: waitsForReady, callCredit: pool.config.limits.link.callCredit,
            receiver: self)
        self.call = call
        startBytes.withUnsafeBytes { startBytes in
            request.withUnsafeBytes { request in
                // Made by StartBytes; they parse.
                guard let start = try? StartView(parsing: startBytes) else { return }
                var frame = FrameView()
                frame.payload = request
                frame.end = true
                pool.place(call, start, frame, on: pinned, avoiding: other?.call?.owner)
            }
        }
    }

    private func cancel() {
        isCancelled = true
        if let call { return call.cancel() }
        pool.forget(self)
        complete(.failure(.cancelled()))
    }

    func receive(_ frame: FrameView, on call: FrameCall) {
        if let header = frame.header { notes.note(header: header) }
        if let payload = frame.payload {
            do {
                if let whole = try assembly.collect(payload, more: frame.more) { answer = whole }
                call.release(PayloadCost.of(payload.count))
            } catch {
                self.call?.cancel(RPCError(masking: error))
                return
            }
        }
        if let status = frame.status { finish(status) }
    }

    private func finish(_ status: UnsafeRawBufferPointer) {
        do {
            let status = try CallStatus(parsing: status)
            if let error = status.error { return failed(error, status) }
            notes.end(status)
            complete(.success(answer ?? []))
        } catch {
            complete(
                .failure(
                    .init(
                        .internal, reason: "STATUS_MALFORMED", "The server's status is malformed.",
                        cause: error)))
        }
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        if !wasBegun, self.call?.wasPlaced == true, pinned == nil, error.code == .unavailable, !isCancelled,
            resends < pool.config.limits.resendsMax
        {
            resends += 1
            answer = nil
            return send()
        }
        mayHaveBegun = mayHaveBegun || wasBegun
        failed(error)
    }

    /// - Parameter status: how the server ended the call, if it did.
    private func failed(_ error: RPCError, _ status: CallStatus? = nil) {
        guard mayRepeat, !isCancelled,
            let wait = pool.retryWait(after: error, attempts: attempts, deadline: deadline)
        else {
            guard let status else { return giveUp(error) }
            notes.end(status)
            return complete(.failure(error))
        }
        attempts += 1
        call = nil
        answer = nil
        assembly = MessageAssembly(bytesMax: Int(pool.config.limits.link.messageBytesMax))
        pool.sendAgain(self, after: wait)
    }

    func sendAgain() { send() }

    func giveUp(_ error: RPCError) {
        complete(.failure(pool.config.audience.face(of: error, wasBegun: mayHaveBegun)))
    }

    private func complete(_ result: Result<[UInt8], RPCError>) {
        continuation?.resume(returning: result)
        continuation = nil
        call = nil
    }
}
