import RPC
import Wire

/// What the peer's limits say about what is sent. Whatever does not fit costs its call: never the connection, which others may share.
extension FrameCall {
    /// A header may take an eighth of the peer's frames, so that it fits beside status and some payload.
    func transmitCut(_ frame: FrameView, _ start: StartView?, _ link: FrameLink) {
        let frameBytesMax = link.peerFrameBytesMax
        guard (frame.header?.count ?? 0) <= frameBytesMax / 8 else {
            return refuseToSend(
                RPCError(.internal, reason: "HEADER_TOO_LONG", "The header of the answer is too long for a frame."))
        }
        guard let status = frame.status, status.count > link.statusBytesMax else { return enqueue(frame, start) }
        CallStatus.cut(status, to: link.statusBytesMax).withUnsafeBytes { status in
            var frame = frame
            frame.status = status
            enqueue(frame, start)
        }
    }

    /// Sends a message that is too long for a frame, or cannot be sent yet.
    func transmitInPieces(_ message: Message, _ bytes: Int, _ frame: FrameView, _ link: FrameLink) {
        let tail = (frame.header?.count ?? 0) + (frame.status?.count ?? 0)
        guard tail <= CallStatus.bytesAlwaysFitting else {
            return WireCodec.encode(message).withUnsafeBytes { payload in
                var frame = frame
                frame.payload = payload
                transmitCut(frame, nil, link)
            }
        }
        let pieceBytes = link.peerFrameBytesMax - Self.frameOverheadMax - tail
        let lastBytes = (bytes - 1) % pieceBytes + 1
        guard isDrained, sendWindow.isOpen(after: bytes - lastBytes), link.maySendPayloads(after: bytes - lastBytes)
        else {
            return enqueue(frame, nil, payload: WireCodec.encode(message)[...])
        }
        spend(bytes - lastBytes, link)
        spend(lastBytes, link)
        link.write(frame, message: message, messageBytes: bytes, pieceBytes: pieceBytes)
        wrote(hasStatus: frame.status != nil)
    }

    /// Why a message of so many bytes cannot be sent to this peer; nil when it can.
    func refusal(ofMessageBytes bytes: Int) -> RPCError? {
        guard let link else { return nil }
        let bytesMax = min(link.peerMessageBytesMax, Int(link.limits.messageBytesMax))
        guard bytes > bytesMax else { return nil }
        return .resourceExhausted(
            "ANSWER_TOO_LARGE", "The answer is longer than \(bytesMax) bytes; ask for less at a time.",
            details: [(key: "message_bytes_max", value: "\(bytesMax)")])
    }
}
