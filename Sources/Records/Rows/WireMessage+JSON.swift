package import Wire

extension WireMessage {
    /// From a JSON object whose members are called as the fields of the message are, as rows have it. Other members are left out.
    package init(json: UnsafeRawBufferPointer) throws {
        let message = Message.make(Self.descriptor, in: Arena())
        var reader = JSONReader(json)
        try reader.read(into: message)
        self = message.value(Self.self)
    }

    /// The same the other way round: what is set, with enums as numbers and timestamps as texts.
    package var json: [UInt8] {
        var writer = JSONWriter()
        writer.write(message(in: Arena()))
        return writer.bytes
    }
}
