package import Wire

extension WireMessage {
    /// From a JSON object whose members are called as the fields of the message are, as rows have it. Other members are left out.
    package init(json: UnsafeRawBufferPointer) throws {
        let message = Message.make(Self.descriptor, in: Arena())
        var reader = JSONReader(json)
        try reader.read(into: message)
        self = message.value(Self.self)
    }
}
