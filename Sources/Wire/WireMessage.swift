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

    /// For values whose texts hold no NUL, as those of decoded messages and of database rows.
    package func encoded() -> [UInt8] {
        WireCodec.encode(message(in: Arena()))
    }

    /// For values of anybody's. Throws `nulInText`, which names the field, for a text that no message can carry.
    package func encodedChecked() throws(WireError) -> [UInt8] {
        let message = message(in: Arena())
        try message.checkTexts()
        return WireCodec.encode(message)
    }
}
