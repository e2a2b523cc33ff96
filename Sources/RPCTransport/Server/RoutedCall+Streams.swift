import RPC
import Reactor
import Wire

/// What the handler of a streaming method reads from and writes to.
extension RoutedCall: MessageSink, MessageSource {
    func write(_ message: Message) async throws {
        try await write(.message(message))
    }

    func write(encoded message: [UInt8]) async throws {
        try await write(.encoded(message))
    }

    /// A value and no closure, which would be an allocation for each message.
    private enum Outgoing: Sendable {
        case message(Message)
        case encoded([UInt8])
    }

    private func write(_ outgoing: Outgoing) async throws {
        let loop = server.loop
        guard loop.isCurrent else {
            return try await withUnsafeThrowingContinuation { continuation in
                loop.execute { self.send(outgoing, continuation) }
            }
        }
        while isHeldBack { try await waitUntilDrained() }
        try send(outgoing)
        if !isDrained { try await waitUntilDrained() }
    }

    private func waitUntilDrained() async throws {
        try await withUnsafeThrowingContinuation { readiness = $0 }
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
        guard !isEnded else { throw failure ?? .cancelled() }
        let bytes = WireCodec.encodedSize(message)
        if let error = refusal(of: message, bytes) { throw error }
        send { transmit(message, bytes: bytes, in: $0) }
    }

    private func send(encoded message: [UInt8]) throws {
        guard !isEnded else { throw failure ?? .cancelled() }
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
    private func send(_ outgoing: Outgoing, _ continuation: UnsafeContinuation<Void, any Error>) {
        do {
            try send(outgoing)
            if isDrained { continuation.resume() } else { readiness = continuation }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
