/// One concern that every call of a server passes. The chain is an array whose order is written once, in ServiceHost.
package protocol Interceptor: Sendable {
    /// Lets the call pass or throws. Runs before the handler, in the order of the chain; not async: what has to wait for
    /// something belongs to the handler, and a chain of async functions costs every call (0.1 µs a link, measured).
    func admit(_ context: CallContext) throws

    /// Learns how the call ended. Runs once for each call that this interceptor admitted or refused, in reverse
    /// order; not async, since the answer waits for nobody.
    func finish(_ context: CallContext, _ outcome: CallOutcome)
}

extension Interceptor {
    package func admit(_ context: CallContext) throws {}
    package func finish(_ context: CallContext, _ outcome: CallOutcome) {}
}

/// How a served call ended.
package struct CallOutcome: Sendable {
    /// The canonical code that the caller got, or would have got.
    package var code: StatusCode
    /// What went wrong; its `cause` is for the log.
    package var error: RPCError?
    /// From the arrival of the call to its end, nanoseconds.
    package var durationNanoseconds: UInt64

    package init(error: RPCError?, durationNanoseconds: UInt64) {
        code = error?.code ?? .ok
        self.error = error
        self.durationNanoseconds = durationNanoseconds
    }
}
