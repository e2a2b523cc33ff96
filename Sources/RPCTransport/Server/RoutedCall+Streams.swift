import RPC
import Reactor
import Wire

/// What the handler of a streaming method reads from and writes to.
extension RoutedCall: MessageSink, MessageSource {
    func write(_ message: Message) async throws {
        let loop = connection.loop
        if loop.isCurrent {
            try send(message)
            if call.isDrained { return }
        }
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            if loop.isCurrent {
                readiness = continuation
            } else {
                loop.execute { self.send(message, continuation) }
            }
        }
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
