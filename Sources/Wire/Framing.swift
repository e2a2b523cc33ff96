/// Cuts a stream of bytes into frames: a 4-byte big-endian length, then so many bytes.
package struct FrameDecoder: Sendable {
    /// Bytes of the length before each frame.
    package static let prefixBytes = 4

    /// Longest frame that is accepted, without its length, in bytes.
    package let frameBytesMax: Int

    package init(frameBytesMax: Int) {
        self.frameBytesMax = frameBytesMax
    }

    /// The body of the next frame, or nil when it has not arrived in full. The frame is consumed; its bytes
    /// stay valid until the buffer is written to, shrunk or freed. A length of 0 or above the limit is
    /// refused as soon as the length is there, before its bytes are waited for; the stream cannot go on after
    /// that.
    package mutating func next(_ buffer: ByteBuffer) throws(WireError) -> UnsafeRawBufferPointer? {
        let readable = buffer.readableBytes
        guard readable.count >= FrameDecoder.prefixBytes else { return nil }
        let length = Int(UInt32(bigEndian: readable.loadUnaligned(as: UInt32.self)))
        guard length > 0 else { throw WireError(.emptyFrame) }
        guard length <= frameBytesMax else { throw WireError(.frameTooLong(limit: frameBytesMax)) }
        let end = FrameDecoder.prefixBytes + length
        guard readable.count >= end else { return nil }
        buffer.consume(end)
        return UnsafeRawBufferPointer(rebasing: readable[FrameDecoder.prefixBytes..<end])
    }
}
