import RPC

/// What the peer's limits say about what is sent. Whatever does not fit costs its call: never the connection, which others may share.
extension FrameCall {
    /// A header may take an eighth of the peer's frames, so that it fits beside status and some payload.
    func transmitCut(_ frame: FrameView, _ start: StartView?, _ link: FrameLink) {
        let frameBytesMax = Int(link.peerHello.frameBytesMax)
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

    /// Why a message of so many bytes cannot be sent to this peer; nil when it can.
    func refusal(ofMessageBytes bytes: Int) -> RPCError? {
        guard let link else { return nil }
        let bytesMax = Int(min(link.peerHello.messageBytesMax, link.limits.messageBytesMax))
        guard bytes > bytesMax else { return nil }
        return .resourceExhausted(
            "ANSWER_TOO_LARGE", "The answer is longer than \(bytesMax) bytes; ask for less at a time.",
            details: [(key: "message_bytes_max", value: "\(bytesMax)")])
    }
}
