import Reactor
import Wire

/// Encodes answers with many records, some at a time.
enum PacedCodec {
    /// Messages encoded in one piece: some 10 µs of work.
    private static let pieceCount = 16

    /// What `WireCodec.encode` gives: protobuf puts a message together from the encodings of its parts.
    static func encode(_ message: Message, at pace: inout Pace) async -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(WireCodec.encodedSize(message))
        for field in message.descriptor.fields where message.has(field) {
            guard case .message = field.kind, field.isRepeated else {
                let part = Message.make(message.descriptor, in: message.arena)
                part.copyFields(from: message, only: [field])
                bytes += WireCodec.encode(part)
                continue
            }
            let nested = message.messages(field)
            for start in stride(from: 0, to: nested.count, by: pieceCount) {
                let part = Message.make(message.descriptor, in: message.arena)
                part.setMessages(field, Array(nested[start..<min(start + pieceCount, nested.count)]))
                bytes += WireCodec.encode(part)
                await pace.step()
            }
        }
        return bytes
    }
}
