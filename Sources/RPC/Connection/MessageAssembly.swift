/// Puts the pieces of an application message together. A message that comes in one piece, as most do, is not copied.
package struct MessageAssembly: Sendable {
    /// Memory taken at once for a message in pieces; longer ones grow.
    private static let expectedBytesMax = 1 << 20

    private var pieces: [UInt8] = []
    private let bytesMax: Int
    /// How long the last message in pieces was: the next one of a stream often is as long.
    private var expectedBytes = 0

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
        try checkLength(piece)
        if !more, pieces.isEmpty { return try body(piece) }
        guard let whole = append(piece, more: more) else { return nil }
        return try whole.withUnsafeBytes(body)
    }

    /// Takes a piece. Gives the message when it is complete, for one who keeps it. Throws as `add` does.
    package mutating func collect(_ piece: UnsafeRawBufferPointer, more: Bool) throws -> [UInt8]? {
        try checkLength(piece)
        if !more, pieces.isEmpty { return Array(piece) }
        return append(piece, more: more)
    }

    private mutating func checkLength(_ piece: UnsafeRawBufferPointer) throws {
        guard pieces.count + piece.count > bytesMax else { return }
        pieces = []
        throw RPCError.resourceExhausted(
            "MESSAGE_TOO_LONG", "The message is longer than \(bytesMax) bytes; send less in one message.",
            details: [(key: "message_bytes_max", value: "\(bytesMax)")])
    }

    private mutating func append(_ piece: UnsafeRawBufferPointer, more: Bool) -> [UInt8]? {
        if pieces.isEmpty { pieces.reserveCapacity(max(piece.count, min(expectedBytes, Self.expectedBytesMax))) }
        pieces.append(contentsOf: piece)
        guard !more else { return nil }
        let whole = pieces
        pieces = []
        expectedBytes = whole.count
        return whole
    }
}
