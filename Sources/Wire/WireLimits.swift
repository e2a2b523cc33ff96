/// What a decoded message may cost. The bytes on the wire are bounded by the frame; these bound what the
/// bytes grow to.
package struct WireLimits: Sendable, Hashable {
    /// Levels of messages in messages, the outermost included. protobuf-c recurses without a limit of its
    /// own; a filter of 8 levels is 17 messages deep, so 32 leaves room, and uses some 10 KiB of stack.
    package static let depthMax = 32

    /// Memory that one decoded message may take in its arena. A message of 4 MiB that is all payload needs 4
    /// MiB; a batch of 1,000 records needs 2 MiB. 64 MiB leaves room and still bounds the amplification that
    /// empty submessages of two bytes each cause.
    package static let memoryBytesMax = 64 * 1024 * 1024

    /// Fields, elements and submessages in all; bounds the time of a decode to some tens of milliseconds.
    package static let elementCountMax = 1_000_000

    package var depthMax: Int
    package var memoryBytesMax: Int
    package var elementCountMax: Int

    package init(
        depthMax: Int = WireLimits.depthMax, memoryBytesMax: Int = WireLimits.memoryBytesMax,
        elementCountMax: Int = WireLimits.elementCountMax
    ) {
        self.depthMax = depthMax
        self.memoryBytesMax = memoryBytesMax
        self.elementCountMax = elementCountMax
    }

    package static let `default` = WireLimits()
}
