package import Wire

/// Where a transport takes the responses of a streaming call.
package protocol MessageSink: AnyObject, Sendable {
    /// Sends the message when flow control allows. Throws CANCELLED once the caller has given up.
    func write(_ message: Message) async throws
    /// The same for a message that is encoded already. A caller who has not taken it until then gets no more of the call: throws
    /// `RPCError.answerNotTaken`.
    func write(encoded message: [UInt8], until deadline: Deadline) async throws
}

/// Where a transport gives the requests of a streaming call.
package protocol MessageSource: AnyObject, Sendable {
    /// The next message, decoded into `arena`; nil after the caller's last one. One call at a time.
    func next(into arena: Arena) async throws -> Message?
}

/// Sends the responses of a streaming call, one after the other.
package struct MessageWriter: Sendable {
    private let sink: any MessageSink
    /// Memory for the message being made. `write` empties it, so that a long stream needs no more than its longest
    /// message.
    package let arena: Arena

    package init(_ sink: any MessageSink, arena: Arena) {
        self.sink = sink
        self.arena = arena
    }

    /// Sends the message, waiting while the caller is not ready for more. Everything in `arena` is freed.
    package func write(_ message: Message) async throws {
        defer { arena.reset() }
        try await sink.write(message)
    }

    /// The same of a message that is encoded already: one that was written record by record.
    /// - Parameter deadline: until when to wait. After that nothing more can be written, and RESOURCE_EXHAUSTED with ANSWER_NOT_TAKEN is
    ///   thrown.
    package func write(encoded message: [UInt8], until deadline: Deadline = .never) async throws {
        defer { arena.reset() }
        try await sink.write(encoded: message, until: deadline)
    }
}

/// Receives the requests of a streaming call, one after the other.
package struct MessageReader: Sendable {
    private let source: any MessageSource
    private let arena: Arena

    package init(_ source: any MessageSource, arena: Arena) {
        self.source = source
        self.arena = arena
    }

    /// The next request, nil after the last. It is valid until the next call of this method.
    package func next() async throws -> Message? {
        arena.reset()
        return try await source.next(into: arena)
    }
}

/// Sends typed responses.
package struct ResponseWriter<Response: WireMessage>: Sendable {
    private let base: MessageWriter

    package init(_ base: MessageWriter) {
        self.base = base
    }

    /// Sends the response, waiting while the caller is not ready for more.
    package func write(_ response: Response) async throws {
        let message = Message.make(Response.descriptor, in: base.arena)
        response.write(to: message)
        try await base.write(message)
    }
}

/// Receives typed requests: `for try await request in requests`.
package struct RequestReader<Request: WireMessage>: Sendable, AsyncSequence, AsyncIteratorProtocol {
    private let base: MessageReader

    package init(_ base: MessageReader) {
        self.base = base
    }

    /// The next request, nil after the last.
    package func next() async throws -> Request? {
        try await base.next().map { Request($0) }
    }

    package func makeAsyncIterator() -> Self { self }
}
