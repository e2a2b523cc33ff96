/// A body that a loop runs once, at a moment. Kept by the loop: it fires although nobody else holds it.
package final class Timer: @unchecked Sendable {  // SAFETY: `body` is touched on the loop only
    /// When it fires, on the clock of `MonotonicTime`; up to a millisecond later, never earlier.
    package let deadline: UInt64
    private unowned let loop: EventLoop
    private var body: (@Sendable () -> Void)?

    init(loop: EventLoop, deadline: UInt64, body: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.deadline = deadline
        self.body = body
    }

    /// Lets go of the body without running it. On the loop the body does not run after this call; from
    /// another thread it may already be running. A timer that has fired is not disturbed.
    package func cancel() {
        guard loop.isCurrent else { return loop.execute { self.cancel() } }
        guard body != nil else { return }
        body = nil
        loop.timerWasCancelled()
    }

    var isCancelled: Bool { body == nil }

    func fire() {
        guard let body else { return }
        self.body = nil
        body()
    }
}
