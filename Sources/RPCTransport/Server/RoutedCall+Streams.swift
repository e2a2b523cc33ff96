import RPC
import Reactor
import Wire

/// What the handler of a streaming method reads from and writes to.
extension RoutedCall: MessageSink, MessageSource {
    func write(_ message: Message) async throws {
        let loop = connection.loop
        guard loop.isCurrent else {
            return try await withCheckedThrowingContinuation { continuation in
                loop.execute { self.send(message, continuation) }
            }
        }
        while call.isHeldBack { try await waitUntilDrained() }
        try send(message)
        if !call.isDrained { try await waitUntilDrained() }
    }

    private func waitUntilDrained() async throws {
        try await withCheckedThrowingContinuation { readiness = $0 }
    }

    func next(into arena: Arena) async throws -> Message? {
        guard let item = try await requests?.next() else { return nil }
        let loop = connection.loop
        if loop.isCurrent { call.release(item.cost) } else { loop.execute { self.call.release(item.cost) } }
        return try item.bytes.withUnsafeBytes { try decode($0, arena) }
    }

    private func send(_ message: Message) throws {
        guard !call.isEnded else { throw failure ?? .cancelled() }
        let bytes = WireCodec.encodedSize(message)
        if let error = call.refusal(ofMessageBytes: bytes) { throw error }
        withOptionalBytes(header(), nil, nil, nil) { header, _, _, _ in
            var frame = FrameView()
            frame.header = header
            call.transmit(message, bytes: bytes, in: frame)
        }
    }

    /// For a writer that was misled to another executor.
    private func send(_ message: Message, _ continuation: CheckedContinuation<Void, any Error>) {
        do {
            try send(message)
            if call.isDrained { continuation.resume() } else { readiness = continuation }
        } catch {
            continuation.resume(throwing: error)
        }
    }
}
