/// A Swift value that stands for a message; the generated contracts conform to it.
package protocol WireMessage: Sendable {
    static var descriptor: MessageDescriptor { get }

    /// Copies the values out of the message, which must be of `descriptor`.
    init(_ message: Message)

    /// Copies the set values into the message, which must be of `descriptor` and empty.
    func write(to message: Message)
}

extension WireMessage {
    /// Decodes in an arena of its own.
    package init(decoding bytes: UnsafeRawBufferPointer, limits: WireLimits = .default) throws(WireError) {
        let arena = Arena()
        self.init(try WireCodec.decode(bytes, as: Self.descriptor, arena: arena, limits: limits))
    }

    /// Decodes in an arena of its own.
    package init(decoding bytes: [UInt8], limits: WireLimits = .default) throws(WireError) {
        let result = bytes.withUnsafeBytes { buffer -> Result<Self, WireError> in
            do throws(WireError) {
                return .success(try Self(decoding: buffer, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    /// The value as a message in the arena.
    package func message(in arena: Arena) -> Message {
        let message = Message.make(Self.descriptor, in: arena)
        write(to: message)
        return message
    }

    package func encoded() -> [UInt8] {
        let arena = Arena()
        return WireCodec.encode(message(in: arena))
    }
}
