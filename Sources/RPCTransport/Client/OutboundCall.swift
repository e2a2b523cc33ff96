package import RPC
import Wire

/// A call that a client makes, below messages: frames out, frames in. May wait for a connection first.
// SAFETY: confined to its loop.
package final class OutboundCall: FrameCall, @unchecked Sendable {
    /// Until when the caller waits.
    package let deadline: Deadline
    /// Waits for a connection until the deadline instead of failing when there is none.
    let waitsForReady: Bool
    /// The connection; nil while the call waits for one and after its end.
    weak var owner: ClientConnection?

    init(deadline: Deadline, waitsForReady: Bool, callCredit: UInt32, receiver: any CallReceiver) {
        self.deadline = deadline
        self.waitsForReady = waitsForReady
        super.init(id: 0, link: nil, callCredit: callCredit)
        self.receiver = receiver
    }

    /// Gives the call up: the server is told to stop, the receiver that it failed.
    package func cancel(_ error: RPCError = .cancelled()) {
        guard !isEnded else { return }
        if let link {
            Cancel.encoded(reason: error.reason).withUnsafeBytes { bytes in
                var frame = FrameView(callID: id)
                frame.cancel = bytes
                link.write(frame)
            }
        }
        fail(error, wasBegun: owner != nil)
    }

    /// The call is over without a status.
    func fail(_ error: RPCError, wasBegun: Bool) {
        guard !isEnded else { return }
        let receiver = receiver
        finished()
        receiver?.fail(error, wasBegun: wasBegun, on: self)
    }

    /// The call has its status.
    func finished() {
        let owner = owner
        end()
        receiver = nil
        self.owner = nil
        owner?.callEnded(self)
    }
}
