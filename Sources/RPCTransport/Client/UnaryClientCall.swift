import RPC
import Reactor

/// A unary call of a client: one request, one answer, sent again if the server did not begin it.
// SAFETY: confined to its loop; `start` and `cancel` are called there.
final class UnaryClientCall: CallReceiver, @unchecked Sendable {
    private let pool: ClientPool
    private let startBytes: [UInt8]
    private let request: [UInt8]
    private let deadline: Deadline
    private let waitsForReady: Bool
    private var call: OutboundCall?
    private var continuation: CheckedContinuation<[UInt8], any Error>?
    private var assembly: MessageAssembly
    private var answer: [UInt8]?
    private var resends = 0
    private var isCancelled = false

    init(
        pool: ClientPool, startBytes: [UInt8], request: [UInt8], deadline: Deadline, waitsForReady: Bool
    ) {
        self.pool = pool
        self.startBytes = startBytes
        self.request = request
        self.deadline = deadline
        self.waitsForReady = waitsForReady
        assembly = MessageAssembly(bytesMax: Int(pool.config.limits.link.messageBytesMax))
    }

    func start(_ continuation: CheckedContinuation<[UInt8], any Error>) {
        guard !isCancelled else { return continuation.resume(throwing: RPCError.cancelled()) }
        self.continuation = continuation
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
                pool.place(call, start, frame)
            }
        }
    }

    func cancel() {
        isCancelled = true
        call?.cancel()
    }

    func receive(_ frame: FrameView, on call: FrameCall) {
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
            if let error = try CallStatus(parsing: status).error { return complete(.failure(error)) }
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
        if !wasBegun, self.call?.wasPlaced == true, error.code == .unavailable, !isCancelled,
            resends < pool.config.limits.resendsMax
        {
            resends += 1
            answer = nil
            return send()
        }
        complete(.failure(error))
    }

    private func complete(_ result: Result<[UInt8], RPCError>) {
        continuation?.resume(with: result)
        continuation = nil
        call = nil
    }
}
