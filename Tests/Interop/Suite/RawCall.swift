import RPC
import RPCTransport
import Reactor

/// A call frame by frame, for what the typed clients do not show: the header of the answer.
// SAFETY: confined to its loop, where the call is made and where everything that comes for it is handled.
final class RawCall: CallReceiver, @unchecked Sendable {
    /// What came.
    struct Answer: Sendable {
        var header = Metadata()
        var payloads = 0
        var error: RPCError?
    }

    private var answer = Answer()
    private var continuation: CheckedContinuation<Answer, Never>?

    /// Sends one request, half-closes and waits for the end.
    static func run(
        _ world: CaseWorld, _ method: MethodDefinition, _ request: [UInt8], _ metadata: Metadata
    ) async throws -> Answer {
        let client = try world.client()
        let metadata = metadata.encoded(as: Metadata.startField)
        return await withCheckedContinuation { continuation in
            world.loops.next().execute {
                let receiver = RawCall()
                receiver.continuation = continuation
                receiver.start(client, method, request, metadata)
            }
        }
    }

    private func start(_ client: RPCClient, _ method: MethodDefinition, _ request: [UInt8], _ metadata: [UInt8]) {
        Array(method.path.utf8).withUnsafeBytes { path in
            metadata.withUnsafeBytes { metadata in
                request.withUnsafeBytes { request in
                    var start = StartView()
                    start.method = path
                    start.metadata = metadata
                    var frame = FrameView()
                    frame.payload = request
                    frame.end = true
                    _ = client.startRaw(
                        start: start, first: frame, deadline: .after(CaseWorld.patience), receiver: self)
                }
            }
        }
    }

    func receive(_ frame: FrameView, on call: FrameCall) {
        do {
            if let header = frame.header { answer.header = try Metadata(parsing: header) }
            if let payload = frame.payload {
                answer.payloads += frame.more ? 0 : 1
                call.release(PayloadCost.of(payload.count))
            }
            if let status = frame.status { finish(try CallStatus(parsing: status).error) }
        } catch {
            finish(RPCError(.internal, reason: "MALFORMED_RESPONSE", "The answer is malformed.", cause: error))
        }
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) { finish(error) }

    private func finish(_ error: RPCError?) {
        answer.error = error
        continuation?.resume(returning: answer)
        continuation = nil
    }
}
