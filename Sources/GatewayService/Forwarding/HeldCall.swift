import RPC
import RPCTransport

/// A call that waits for the renewal of its session's proof. What comes for it meanwhile is kept; the call's credit bounds
/// how much that is.
// SAFETY: confined to the loop of its connection.
final class HeldCall: CallReceiver, @unchecked Sendable {
    /// The parts of a frame that a caller may send within a call.
    private struct Part {
        let payload: [UInt8]?
        let more: Bool
        let end: Bool

        init(_ frame: FrameView) {
            payload = frame.payload.map { Array($0) }
            more = frame.more
            end = frame.end
        }

        func lend(_ body: (FrameView) -> Void) {
            var frame = FrameView()
            frame.more = more
            frame.end = end
            guard let payload else { return body(frame) }
            payload.withUnsafeBytes { bytes in
                frame.payload = bytes
                body(frame)
            }
        }
    }

    private let start: [UInt8]
    private let first: Part
    private var later: [Part] = []

    init(start: StartView, first: FrameView) {
        self.start = start.encoded()
        self.first = Part(first)
    }

    func receive(_ frame: FrameView, on call: FrameCall) {
        later.append(Part(frame))
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        later = []
    }

    /// Lends the start and the first frame, as the transport did, then hands on the frames that came later.
    func resume(_ call: InboundCall, _ forward: (FrameView, StartView) -> Void) {
        guard !call.isEnded else { return }
        start.withUnsafeBytes { bytes in
            // It was written from a start that had been read.
            guard let start = try? StartView(parsing: bytes) else { return }
            first.lend { frame in forward(frame, start) }
        }
        for part in later where !call.isEnded {
            part.lend { frame in call.receiver?.receive(frame, on: call) }
        }
    }
}
