package import RPC
import Reactor
import Wire

/// A call that a server serves, below messages: frames in, frames out. The gateway forwards these; `RoutedCall` is the kind that a
/// handler serves.
// SAFETY: confined to the loop of its connection.
package class InboundCall: FrameCall, @unchecked Sendable {
    /// The connection that the call came on, which lets go of the call when it ends.
    let server: ServerConnection
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

    init(
        id: UInt64, server: ServerConnection, link: FrameLink, deadline: Deadline, isEndless: Bool, now: UInt64
    ) {
        self.server = server
        arrival = now
        self.deadline = deadline
        self.isEndless = isEndless
        super.init(id: id, link: link, callCredit: server.config.limits.link.callCredit)
    }

    /// What is known of the connection that the call came on.
    package final var connection: ConnectionContext { server.context }

    /// Ends the call with its last frame: OK or the error.
    package final func finish(_ error: RPCError?, budget: Budget? = nil) {
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

    /// Ends the call with the error because it is not passed on; see `AnswerPace`.
    package final func turnAway(_ error: RPCError) {
        guard !isEnded else { return }
        server.answers(.refused)
        finish(error)
    }

    /// Ends the call with its last frame and tells the receiver that nobody waits any more. On the call's loop.
    package final func abandon(_ error: RPCError, tellCaller: Bool) {
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

    final override func refuseToSend(_ error: RPCError) { abandon(error, tellCaller: true) }

    final override func wrote(hasStatus: Bool) {
        if hasStatus { finished() }
    }

    private func finished() {
        end()
        receiver = nil
        server.callEnded(self)
    }
}
