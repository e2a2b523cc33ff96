/// One descriptor watched by one loop. Confined to that loop.
///
/// Cancel it before the descriptor is closed. After `cancel()` the handler is not called again, not even for
/// an event that was taken from the kernel in the same turn.
package final class Watch: @unchecked Sendable {  // SAFETY: confined to its loop, which every method asserts
    private unowned let loop: EventLoop
    private let token: UInt64
    /// The descriptor, as it was given.
    package let descriptor: Int32
    /// What the handler is called for at present.
    package private(set) var interest: Interest
    private var handler: ((Readiness) -> Void)?

    init(
        loop: EventLoop, token: UInt64, descriptor: Int32, interest: Interest,
        handler: @escaping (Readiness) -> Void
    ) {
        self.loop = loop
        self.token = token
        self.descriptor = descriptor
        self.interest = interest
        self.handler = handler
    }

    /// Changes what is waited for; without a change it costs nothing. With the empty set the handler still
    /// hears of errors and hang-ups.
    package func update(_ interest: Interest) throws {
        loop.assertCurrent()
        guard interest != self.interest, handler != nil else { return }
        try loop.modify(descriptor, interest: interest, token: token)
        self.interest = interest
    }

    /// Ends the watch and lets go of the handler. A second call does nothing.
    package func cancel() {
        loop.assertCurrent()
        guard handler != nil else { return }
        handler = nil
        loop.remove(descriptor, token: token)
    }

    func deliver(_ readiness: Readiness) {
        handler?(readiness)
    }

    /// The loop ends: the handler, and all it holds, goes.
    func abandon() {
        handler = nil
    }
}
