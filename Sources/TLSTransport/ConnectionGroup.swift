import Reactor

/// What the connections of one listener share on its loop; a connection that was made by connecting is a group of its own.
final class ConnectionGroup {
    let limits: TLSLimits
    /// Those that want a step of a handshake, to send much, or whose input is costly. A step takes up to a hundred times as long as a
    /// call, and hundreds may be wanted at once, by clients that lost their server or by somebody who means ill.
    let turns: TurnQueue
    let heldInput: HeldBuffers
    let heldOutput: HeldBuffers

    init(_ loop: EventLoop, _ limits: TLSLimits) {
        self.limits = limits
        turns = TurnQueue(loop: loop)
        heldInput = HeldBuffers(.input, bytesMax: limits.heldInputBytesMax)
        heldOutput = HeldBuffers(.output, bytesMax: limits.heldOutputBytesMax)
    }
}
