import CEnvelope
import CProtobufC
import RPC
import Wire

/// Streams of large messages, both ways. Their message is steward.rpc.v1.Entry, whose value is bytes.
enum StreamMethods {
    /// The value of each message that is sent.
    private static let valueBytes = 1 << 20

    /// Messages of one call of Repeat.
    private static let repeats = 1000

    private static let entry = MessageDescriptor(steward_rpc_v1_entry_descriptor())

    private static func method(_ name: String, _ kind: MethodDefinition.Kind) -> MethodDefinition {
        MethodDefinition(path: "steward.bench.v1.StreamService/\(name)", request: entry, response: entry, kind: kind)
    }

    static func add(to router: inout Router) {
        let value = Value(count: valueBytes)
        // Until the caller has enough.
        router.serverStreaming(method("Download", .serverStreaming)) { _, writer, _ in
            while true { try await writer.write(value.message(in: writer.arena)) }
        }
        // For counting allocations per message.
        router.serverStreaming(method("Repeat", .serverStreaming)) { request, writer, _ in
            for _ in 0..<repeats { try await writer.write(copy(request, in: writer.arena)) }
        }
        // Answers when the caller has no more.
        router.clientStreaming(method("Upload", .clientStreaming)) { reader, context in
            while try await reader.next() != nil {}
            return Message.make(entry, in: context.arena)
        }
    }

    /// A message with the same value.
    private static func copy(_ message: Message, in arena: Arena) -> Message {
        let copy = Message.make(entry, in: arena)
        let raw = copy.as(Steward__Rpc__V1__Entry.self)
        raw.pointee.has_value = 1
        raw.pointee.value = message.as(Steward__Rpc__V1__Entry.self).pointee.value
        return copy
    }

    /// The bytes that all messages point to, as a handler's would that has its bytes already.
    private final class Value: Sendable {
        // SAFETY: allocated once, never written after init and never freed.
        nonisolated(unsafe) private let start: UnsafeMutablePointer<UInt8>
        private let count: Int

        init(count: Int) {
            self.count = count
            start = .allocate(capacity: count)
            start.initialize(repeating: 0x76, count: count)
        }

        func message(in arena: Arena) -> Message {
            let message = Message.make(entry, in: arena)
            let raw = message.as(Steward__Rpc__V1__Entry.self)
            raw.pointee.has_value = 1
            raw.pointee.value = ProtobufCBinaryData(len: count, data: start)
            return message
        }
    }
}
