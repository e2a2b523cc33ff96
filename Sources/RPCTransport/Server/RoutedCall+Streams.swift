import RPC
import Reactor
import Wire

/// What the handler of a streaming method reads from and writes to.
extension RoutedCall: MessageSink, MessageSource {
    func write(_ message: Message) async throws {
        try await write(.message(message), until: .never)
    }

    func write(encoded message: [UInt8], until deadline: Deadline) async throws {
        try await write(.encoded(message), until: deadline)
    }

    /// A value and no closure, which would be an allocation for each message.
    private enum Outgoing: Sendable {
        case message(Message)
        case encoded([UInt8])
    }

    private func write(_ outgoing: Outgoing, until deadline: Deadline) async throws {
        let loop = server.loop
        guard loop.isCurrent else {
            return try await withUnsafeThrowingContinuation { continuation in
                loop.execute { self.send(outgoing, continuation, until: deadline) }
            }
        }
        while failure == nil, isHeldBack { try await waitUntilDrained(until: deadline) }
        try send(outgoing)
        if !isDrained { try await waitUntilDrained(until: deadline) }
    }

    private func waitUntilDrained(until deadline: Deadline) async throws {
        try await withUnsafeThrowingContinuation { wait($0, until: deadline) }
    }

    private func wait(_ continuation: UnsafeContinuation<Void, any Error>, until deadline: Deadline) {
        readiness = continuation
        guard deadline != .never else { return }
        patience = server.loop.schedule(at: deadline.nanoseconds) { self.writeTimedOut() }
    }

    /// What waits is of no use without the rest, and nothing may follow it but the status.
    private func writeTimedOut() {
        guard readiness != nil else { return }
        let error = RPCError.answerNotTaken()
        failure = error
        dropQueue()
        writerGoesOn(error)
    }

    /// Ends the wait of a writer, if one waits.
    func writerGoesOn(_ error: RPCError? = nil) {
        guard let continuation = readiness.take() else { return }
        patience?.cancel()
        patience = nil
        if let error { continuation.resume(throwing: error) } else { continuation.resume() }
    }

    func next(into arena: Arena) async throws -> Message? {
        guard let item = try await requests?.next() else { return nil }
        let loop = server.loop
        if loop.isCurrent { release(item.cost) } else { loop.execute { self.release(item.cost) } }
        return try item.bytes.withUnsafeBytes { try decode($0, arena) }
    }

    private func send(_ outgoing: Outgoing) throws {
        switch outgoing {
        case .message(let message): try send(message)
        case .encoded(let message): try send(encoded: message)
        }
    }

    private func send(_ message: Message) throws {
        guard !isEnded, failure == nil else { throw failure ?? .cancelled() }
        let bytes = WireCodec.encodedSize(message)
        if let error = refusal(of: message, bytes) { throw error }
        send { transmit(message, bytes: bytes, in: $0) }
    }

    private func send(encoded message: [UInt8]) throws {
        guard !isEnded, failure == nil else { throw failure ?? .cancelled() }
        if let error = refusal(ofMessageBytes: message.count) { throw error }
        send { frame in
            message.withUnsafeBytes { payload in
                var frame = frame
                frame.payload = payload
                transmit(frame)
            }
        }
    }

    private func send(_ transmit: (FrameView) -> Void) {
        withOptionalBytes(header(), nil, nil, nil) { header, _, _, _ in
            var frame = FrameView(callID: id)
            frame.header = header
            transmit(frame)
        }
    }

    /// For a writer that was misled to another executor.
    private func send(
        _ outgoing: Outgoing, _ continuation: UnsafeContinuation<Void, any Error>, until deadline: Deadline
    ) {
        do {
            try send(outgoing)
            if isDrained { continuation.resume() } else { wait(continuation, until: deadline) }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
