import Wire

extension WireMessage {
    /// The value as a message in an arena of its own.
    func message() -> Message {
        let message = Message.make(Self.descriptor, in: Arena())
        write(to: message)
        return message
    }
}
