/// Puts the pieces of an application message together. A message that comes in one piece, as most do, is not copied.
package struct MessageAssembly: Sendable {
    private var pieces: [UInt8] = []
    private let bytesMax: Int

    /// - Parameter bytesMax: the longest message accepted.
    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// A message has begun and is not complete.
    package var isPartial: Bool { !pieces.isEmpty }

    /// Takes a piece. When the message is complete, `body` gets it; the bytes are valid during `body` only.
    /// Throws RESOURCE_EXHAUSTED with MESSAGE_TOO_LONG past the limit.
    package mutating func add<Result>(
        _ piece: UnsafeRawBufferPointer, more: Bool, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result? {
        guard pieces.count + piece.count <= bytesMax else {
            pieces = []
            throw RPCError.resourceExhausted(
                "MESSAGE_TOO_LONG", "The message is longer than \(bytesMax) bytes; send less in one message.",
                details: [(key: "message_bytes_max", value: "\(bytesMax)")])
        }
        if !more, pieces.isEmpty { return try body(piece) }
        pieces.append(contentsOf: piece)
        guard !more else { return nil }
        let whole = pieces
        pieces = []
        return try whole.withUnsafeBytes(body)
    }
}
