import Reactor

/// What the connections of one listener share on its loop; a connection that was made by connecting is a group of its own.
final class ConnectionGroup {
    /// Steps of handshakes in a turn, some 0.5 ms of signing and key exchange. A step costs up to a hundred times what a call
    /// does, and hundreds may be wanted at once, by clients that lost their server or by somebody who means ill.
    private static let handshakeStepsPerTurnMax = 4
    /// Connections in a turn that get to send more than a little.
    private static let longReadsPerTurnMax = 1

    let limits: TLSLimits
    let handshakes: TurnQueue
    let longReads: TurnQueue
    let heldInput: HeldInput

    init(_ loop: EventLoop, _ limits: TLSLimits) {
        self.limits = limits
        handshakes = TurnQueue(loop: loop, stepsPerTurnMax: Self.handshakeStepsPerTurnMax) { $0.takeHandshakeTurn() }
        longReads = TurnQueue(loop: loop, stepsPerTurnMax: Self.longReadsPerTurnMax) { $0.takeReadingTurn() }
        heldInput = HeldInput(bytesMax: limits.heldInputBytesMax)
    }
}
