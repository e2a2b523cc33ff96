import RPC
import RPCTransport

/// Gathers the request of a call without a session before it is passed on: an unfinished one costs its connection a little
/// memory here, and identity nothing.
// SAFETY: confined to the loop of its connection.
final class OpenRequest: CallReceiver, @unchecked Sendable {
    /// An address, a password and a name of a workspace take less than half.
    static let bytesMax = 4_096

    private let start: [UInt8]
    private var payload: [UInt8]?
    private var isWhole = false
    private let onWhole: (FrameView, StartView) -> Void
    private let onFailure: () -> Void

    /// - Parameters:
    ///   - onWhole: gets the request as one frame, once it has come. Its pointers are valid during the call only.
    ///   - onFailure: the call is over before that.
    init(
        _ start: StartView, onWhole: @escaping (FrameView, StartView) -> Void, onFailure: @escaping () -> Void
    ) {
        self.start = start.encoded()
        self.onWhole = onWhole
        self.onFailure = onFailure
    }

    func receive(_ frame: FrameView, on call: FrameCall) {
        guard let call = call as? InboundCall else { return }
        if let piece = frame.payload {
            guard !isWhole else { return refuse(call, Self.repeated) }
            guard (payload?.count ?? 0) + piece.count <= Self.bytesMax else { return refuse(call, Self.tooLong) }
            payload = (payload ?? []) + piece
            isWhole = !frame.more
        }
        guard frame.end else { return }
        guard isWhole || payload == nil else { return refuse(call, Self.incomplete) }
        passOn()
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) { onFailure() }

    private func refuse(_ call: InboundCall, _ error: RPCError) {
        call.turnAway(error)
        onFailure()
    }

    private func passOn() {
        start.withUnsafeBytes { bytes in
            // It was written from a start that had been read.
            guard let start = try? StartView(parsing: bytes) else { return }
            var frame = FrameView()
            frame.end = true
            guard let payload else { return onWhole(frame, start) }
            payload.withUnsafeBytes { bytes in
                frame.payload = bytes
                onWhole(frame, start)
            }
        }
    }

    private static let tooLong = RPCError.resourceExhausted(
        "MESSAGE_TOO_LONG", "A request without a session has at most \(bytesMax) bytes.", domain: "gateway",
        details: [(key: "message_bytes_max", value: "\(bytesMax)")])
    private static let repeated = RPCError.invalidArgument(
        "REQUEST_REPEATED", "This method takes one request message.", domain: "gateway")
    private static let incomplete = RPCError.invalidArgument(
        "REQUEST_INCOMPLETE", "The call ended inside its request message.", domain: "gateway")
}
