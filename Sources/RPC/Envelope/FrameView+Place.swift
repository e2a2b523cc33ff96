/// Which parts belong in which frames, as proto/README.md has it (section 2). What depends on what came before (a second start, a payload
/// after the end) is for the connection to judge.
extension FrameView {
    /// A side of a connection.
    package enum Side: Sendable, Hashable {
        /// The one that opened the connection, and calls.
        case client
        /// The one that serves the calls.
        case server
    }

    /// What in this frame its sender may never send so; nil when there is nothing.
    package func misplacement(from sender: Side) -> String? {
        if callID != 0, hello != nil || ping != nil || goAway != nil {
            return "hello, ping and go_away concern the connection: their frames have no call_id."
        }
        if more, payload == nil { return "more belongs to a payload." }
        switch sender {
        case .client where header != nil || status != nil:
            return "Only the side that serves a call sends header and status."
        case .server where start != nil || cancel != nil || end:
            return "Only the side that opened the connection sends start, end and cancel."
        default: return nil
        }
    }
}
