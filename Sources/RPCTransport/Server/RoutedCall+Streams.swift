import RPC
import Reactor
import Wire

/// What the handler of a streaming method reads from and writes to.
extension RoutedCall: MessageSink, MessageSource {
    func write(_ message: Message) async throws {
        let loop = server.loop
        guard loop.isCurrent else {
            return try await withUnsafeThrowingContinuation { continuation in
                loop.execute { self.send(message, continuation) }
            }
        }
        while isHeldBack { try await waitUntilDrained() }
        try send(message)
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

    private func send(_ message: Message) throws {
        guard !isEnded else { throw failure ?? .cancelled() }
        let bytes = WireCodec.encodedSize(message)
        if let error = refusal(of: message, bytes) { throw error }
        withOptionalBytes(header(), nil, nil, nil) { header, _, _, _ in
            var frame = FrameView(callID: id)
            frame.header = header
            transmit(message, bytes: bytes, in: frame)
        }
    }

    /// For a writer that was misled to another executor.
    private func send(_ message: Message, _ continuation: UnsafeContinuation<Void, any Error>) {
        do {
            try send(message)
            if isDrained { continuation.resume() } else { readiness = continuation }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
