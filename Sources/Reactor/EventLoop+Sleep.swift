extension EventLoop {
    /// Suspends the task for `duration` (up to a millisecond longer).
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(for duration: Duration) async throws {
        let sleeper = Sleeper(loop: self)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                execute { sleeper.start(continuation, duration) }
            }
        } onCancel: {
            execute { sleeper.cancel() }
        }
    }
}

/// One sleep: the timer and the task that waits for it, whichever of end and cancellation comes first.
private final class Sleeper: @unchecked Sendable {  // SAFETY: every method runs on the loop
    private let loop: EventLoop
    private var continuation: CheckedContinuation<Void, any Error>?
    private var timer: Timer?
    private var isCancelled = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    func start(_ continuation: CheckedContinuation<Void, any Error>, _ duration: Duration) {
        guard !isCancelled else { return continuation.resume(throwing: CancellationError()) }
        self.continuation = continuation
        timer = loop.schedule(after: duration) { self.finish() }
    }

    func cancel() {
        isCancelled = true
        timer?.cancel()
        continuation?.resume(throwing: CancellationError())
        continuation = nil
    }

    private func finish() {
        continuation?.resume()
        continuation = nil
    }
}
