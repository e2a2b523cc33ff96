/// The way to a server: where clients put their calls.
public protocol RPCChannel: Sendable {
    /// Sends one request and waits for the response.
    func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8]

    /// Opens a call with a stream in one or both directions.
    func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall
}

/// An open call seen from the client. `next` and the sending methods may be used at the same time; each of them by one
/// task at a time.
public protocol ClientCall: AnyObject, Sendable {
    /// Sends a message, waiting while the server is not ready for more. Throws the call's error once it has ended.
    func send(_ message: [UInt8]) async throws(RPCError)

    /// Says that there are no more messages.
    func finish() async throws(RPCError)

    /// The next message of the server, nil when the call ended well. Throws what ended it otherwise.
    func next() async throws(RPCError) -> [UInt8]?

    /// Gives the call up.
    func cancel()
}
