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
    var owner: ClientConnection?
    /// A connection has been found: if the server does not begin the call there, it may be sent again elsewhere.
    private(set) var wasPlaced = false
    /// When that was.
    private(set) var placedAt: UInt64 = 0
    /// Something has come for it.
    var hasAnswer = false
    /// Neither header nor payload has come.
    var takesHeader = true

    init(deadline: Deadline, waitsForReady: Bool, callCredit: UInt32, receiver: any CallReceiver) {
        self.deadline = deadline
        self.waitsForReady = waitsForReady
        super.init(id: 0, link: nil, callCredit: callCredit)
        self.receiver = receiver
    }

    /// Gives the call up: the server is told to stop, the receiver that it failed.
    package func cancel(_ error: RPCError = .cancelled()) {
        guard !isEnded else { return }
        // A call without an id has not been sent: the server knows nothing of it.
        if let link, id > 0 {
            Cancel.encoded(reason: error.reason).withUnsafeBytes { bytes in
                var frame = FrameView(callID: id)
                frame.cancel = bytes
                link.write(frame)
            }
        }
        fail(error, wasBegun: id > 0)
    }

    /// The call goes out on this connection, now or when there is credit. `attach` follows.
    func place(on owner: ClientConnection, now: UInt64) {
        self.owner = owner
        placedAt = now
        wasPlaced = true
    }

    override func willWriteStart() { owner?.number(self) }

    override func startWaits() { owner?.startWaits(self) }

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
