/// The limits of connections. Each has a reason; change them together.
package struct TLSLimits: Sendable {
    /// From accept or connect to the end of the handshake. A client over a bad line needs three round trips.
    package var handshakeTimeout: Duration = .seconds(10)
    /// From `close()` to the end of the peer's stream; after it the socket is closed without waiting.
    package var closeTimeout: Duration = .seconds(5)
    /// Connections of one listener, handshakes included; more are closed at once. An idle one costs up to 32
    /// KB.
    package var connectionCountMax = 20_000
    /// Connections of one listener from one address, handshakes included; more are closed at once. An IPv6 address counts by its
    /// first 64 bits, which one customer of a provider has to himself. Nil: not counted.
    package var connectionsPerAddressMax: Int?
    /// Bytes read from one connection that sends much, when it has its turn. One in each turn of the loop has it, so that
    /// fast senders leave time for the others.
    package var readBytesPerTurnMax = 256 * 1024
    /// Bytes written to one connection that is sent much, when it has its turn.
    package var writeBytesPerTurnMax = 256 * 1024
    /// Bytes that the connections of one listener may hold in buffers larger than 64 KiB, because frames have begun and not
    /// ended: more than a hundred of the longest.
    package var heldInputBytesMax = 128 << 20
    /// Bytes that the connections of one listener may hold in such buffers because they do not read what was written to them: 256
    /// of them up to their high mark.
    package var heldOutputBytesMax = 256 << 20
    /// Handshakes that one address may begin in a second in the long run, and ten seconds' worth at once: one takes the
    /// server as long as a hundred calls. Addresses count as for `connectionsPerAddressMax`. Nil: not counted.
    package var handshakesPerAddressAndSecondMax: Int?
    /// Key updates that a peer may send in a minute on an open connection. TLS asks for a key update after
    /// some ten million records.
    package var keyUpdatesPerMinuteMax = 3
    /// Buffered output at which `isWritable` becomes false: producers should wait.
    package var outputBytesHigh = 1024 * 1024
    /// Buffered output at which the delegate hears `didBecomeWritable`; well below the high mark, so that
    /// producers work in runs.
    package var outputBytesLow = 256 * 1024
    /// Buffered output at which the connection is given up: the producers ignored the high mark.
    package var outputBytesMax = 16 * 1024 * 1024

    package init() {}

    /// Stops a process whose limits contradict each other.
    func check() {
        precondition(
            0 < outputBytesLow && outputBytesLow < outputBytesHigh && outputBytesHigh < outputBytesMax,
            "outputBytesLow < outputBytesHigh < outputBytesMax")
        precondition(connectionsPerAddressMax ?? 1 > 0, "a limit of 0 lets nothing through")
        precondition(handshakesPerAddressAndSecondMax ?? 1 > 0, "a limit of 0 lets nothing through")
        precondition(heldOutputBytesMax > 2 * HeldBuffers.freeBytes, "one connection alone may need more")
        precondition(heldInputBytesMax > 2 * HeldBuffers.freeBytes, "one connection alone may need more")
        precondition(
            connectionCountMax > 0 && readBytesPerTurnMax > 0 && writeBytesPerTurnMax > 0,
            "a limit of 0 lets nothing through")
    }
}
