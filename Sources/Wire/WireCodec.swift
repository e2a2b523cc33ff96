import CProtobufC

/// The only way between bytes and messages.
package enum WireCodec {
    /// Checks the bytes against the descriptor, then has protobuf-c unpack them into the arena. The message
    /// does not refer to `bytes` afterwards.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer, as descriptor: MessageDescriptor, arena: Arena,
        limits: WireLimits = .default
    ) throws(WireError) -> Message {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
            return Message.make(descriptor, in: arena)
        }
        var walk = CheckedWalk(base: start, limits: limits)
        guard walk.message(start, start + bytes.count, descriptor.table, depth: 1) else { throw walk.error }
        guard let raw = protobuf_c_message_unpack(descriptor.raw, arena.protobufAllocator, bytes.count, start)
        else {
            let isFull = arena.usedBytes + bytes.count > arena.byteLimit
            throw WireError(isFull ? .tooMuchMemory(limit: arena.byteLimit) : .missingField)
        }
        return Message(raw: raw, descriptor: descriptor, arena: arena)
    }

    /// Checks the bytes without unpacking them.
    package static func check(
        _ bytes: UnsafeRawBufferPointer, as descriptor: MessageDescriptor, limits: WireLimits = .default
    ) throws(WireError) {
        guard let start = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count > 0 else {
            return
        }
        var walk = CheckedWalk(base: start, limits: limits)
        guard walk.message(start, start + bytes.count, descriptor.table, depth: 1) else { throw walk.error }
    }

    /// Bytes of the message when encoded.
    package static func encodedSize(_ message: Message) -> Int {
        protobuf_c_message_get_packed_size(message.raw)
    }

    package static func encode(_ message: Message) -> [UInt8] {
        let size = encodedSize(message)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = buffer.baseAddress.map { protobuf_c_message_pack(message.raw, $0) } ?? 0
        }
    }

    /// Writes the encoded message to memory that has room for `encodedSize` bytes.
    package static func encode(_ message: Message, at start: UnsafeMutableRawPointer) {
        protobuf_c_message_pack(message.raw, start.assumingMemoryBound(to: UInt8.self))
    }
}
