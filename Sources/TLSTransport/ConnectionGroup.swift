import Reactor

/// What the connections of one listener share on its loop; a connection that was made by connecting is a group of its own.
final class ConnectionGroup {
    let limits: TLSLimits
    let handshakes: HandshakeQueue
    let heldInput: HeldInput

    init(_ loop: EventLoop, _ limits: TLSLimits) {
        self.limits = limits
        handshakes = HandshakeQueue(loop: loop)
        heldInput = HeldInput(bytesMax: limits.heldInputBytesMax)
    }
}
