package import RPC
import Reactor
import Wire

/// A call that a server serves, below messages: frames in, frames out. The gateway forwards these; everything else is served through
/// `RoutedCall`.
// SAFETY: confined to the loop of its connection.
package final class InboundCall: FrameCall, @unchecked Sendable {
    /// The connection that the call came on.
    package let connection: ConnectionContext
    /// Until when the caller waits.
    package let deadline: Deadline
    /// When its first frame was handled, monotonic nanoseconds.
    package let arrival: UInt64
    /// The call's stream goes on until the caller has enough; a drain ends it first.
    package let isEndless: Bool
    /// What has come of a message that is not whole yet.
    @exclusivity(unchecked) var unfinishedBytes = 0
    /// Until when the single request of the call must be whole; never once it is.
    @exclusivity(unchecked) var requestDue = Deadline.never
    /// Let go when the call ends. Not weak: that would make each retain of the connection slower.
    private var owner: ServerConnection?

    init(
        id: UInt64, owner: ServerConnection, link: FrameLink, callCredit: UInt32, deadline: Deadline,
        isEndless: Bool
    ) {
        self.owner = owner
        connection = owner.context
        arrival = link.loop.now
        self.deadline = deadline
        self.isEndless = isEndless
        super.init(id: id, link: link, callCredit: callCredit)
    }

    /// Ends the call with its last frame: OK or the error.
    package func finish(_ error: RPCError?, budget: Budget? = nil) {
        guard !isEnded else { return }
        let status =
            error == nil && budget == nil
            ? CallStatus.okBytes : CallStatus(error: error, budget: budget).encoded()
        status.withUnsafeBytes { bytes in
            var frame = FrameView()
            frame.status = bytes
            transmit(frame)
        }
    }

    /// Ends the call with its last frame and tells the receiver that nobody waits any more.
    func abandon(_ error: RPCError, tellCaller: Bool) {
        guard !isEnded else { return }
        let receiver = receiver
        if tellCaller { sendStatusPastQueue(error) }
        finished()
        receiver?.fail(error, wasBegun: true, on: self)
    }

    /// What still waited for credit is of no use without the rest.
    private func sendStatusPastQueue(_ error: RPCError) {
        guard let link else { return }
        CallStatus(error: error).encoded(bytesMax: link.statusBytesMax).withUnsafeBytes { bytes in
            var frame = FrameView(callID: id)
            frame.status = bytes
            link.write(frame)
        }
    }

    override func refuseToSend(_ error: RPCError) { abandon(error, tellCaller: true) }

    override func wrote(hasStatus: Bool) {
        if hasStatus { finished() }
    }

    private func finished() {
        end()
        receiver = nil
        owner?.callEnded(self)
        owner = nil
    }
}
