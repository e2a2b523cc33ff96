package import Wire

#if canImport(Glibc)
    import Glibc
#endif

/// A message that is too long for one frame.
extension FrameView {
    /// Appends the message as the payload of several frames, cut after every `pieceBytes`. The header goes with the first, `end` and
    /// status with the last. It is encoded once, in one piece, where the payload of the first frame belongs; then the later pieces
    /// move up, the last one first, to make room between them.
    /// - Parameter messageBytes: `WireCodec.encodedSize(message)`.
    package func append(to buffer: ByteBuffer, message: Message, messageBytes: Int, pieceBytes: Int) {
        let pieces = Pieces(self, messageBytes: messageBytes, pieceBytes: pieceBytes)
        buffer.withWritable(minimum: pieces.totalBytes) { room in
            guard let base = room.baseAddress else { return 0 }
            let encoded = base + pieces.payloadStart(0)
            WireCodec.encode(message, at: encoded)
            for index in (0..<pieces.count).reversed() {
                let target = base + pieces.payloadStart(index)
                if index > 0 { memmove(target, encoded + index * pieceBytes, pieces.payloadBytes(index)) }
                pieces.writeAround(index, base)
            }
            return pieces.totalBytes
        }
    }
}

/// Where the frames of a message and their payloads stand.
private struct Pieces {
    let count: Int
    private let whole: FrameView
    private let messageBytes: Int
    private let pieceBytes: Int

    init(_ whole: FrameView, messageBytes: Int, pieceBytes: Int) {
        self.whole = whole
        self.messageBytes = messageBytes
        self.pieceBytes = pieceBytes
        count = (messageBytes + pieceBytes - 1) / pieceBytes
    }

    var totalBytes: Int { frameStart(count) }

    func payloadBytes(_ index: Int) -> Int { min(pieceBytes, messageBytes - index * pieceBytes) }

    func payloadStart(_ index: Int) -> Int {
        frameStart(index) + frame(index).headBytes(payloadBytes: payloadBytes(index))
    }

    /// What stands before and after the payload.
    func writeAround(_ index: Int, _ base: UnsafeMutableRawPointer) {
        let start = base + frameStart(index)
        frame(index).write(
            around: payloadBytes(index), UnsafeMutableRawBufferPointer(start: start, count: frameBytes(index)))
    }

    /// All between the first and the last are alike.
    private func frameStart(_ index: Int) -> Int {
        switch index {
        case 0: 0
        case count: frameStart(count - 1) + frameBytes(count - 1)
        default: frameBytes(0) + (index - 1) * frameBytes(1)
        }
    }

    private func frameBytes(_ index: Int) -> Int {
        FrameView.lengthBytes + frame(index).bodySize(payloadBytes: payloadBytes(index))
    }

    private func frame(_ index: Int) -> FrameView {
        var frame = FrameView(callID: whole.callID)
        if index == 0 { frame.header = whole.header }
        frame.more = index < count - 1
        if !frame.more { (frame.end, frame.status) = (whole.end, whole.status) }
        return frame
    }
}
