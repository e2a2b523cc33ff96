/// What a client says about a call beside the request.
public struct CallOptions: Sendable {
    /// How long to wait for the end of the call. Absent: 30 s for unary calls, no limit for streams; inside a call
    /// that is being served, never longer than its own caller waits.
    public var timeout: Duration?
    /// Makes a write safe to retry: 1 to 64 printable ASCII characters. Use a new one for each intended effect.
    public var requestID: String?
    /// Free metadata, at most 8 KiB.
    public var metadata: Metadata
    /// Waits for a connection until the timeout instead of failing with UNAVAILABLE when there is none.
    public var waitForReady: Bool
    /// Lets the client send the call again by itself where that is safe; see `RetryPolicy`.
    public var retries: Bool
    /// Sends a second attempt when there is no answer after this long, on another connection where there is one. The first answer
    /// counts, the other attempt is cancelled. Only for unary methods that read; absent sends none. A good value is the time within
    /// which 95 of 100 calls are answered: each hedge counts as a retry in the client's budget.
    public var hedgeAfter: Duration?
    /// The answer must heed at least this version of the workspace's rights; 0: what the session knew within the last minute.
    /// `AnswerInfo.policyEpoch` tells it after a change. A `StewardConnection` sees to that for its own changes.
    public var minEpoch: UInt64
    /// Hears once, when the server has ended the call, what it says beside the messages. Called on the client's event loop; must not
    /// block.
    public var onAnswer: (@Sendable (AnswerInfo) -> Void)?
    /// The trace to continue. Absent: the server begins one, and decides whether it is recorded.
    package var trace: TraceContext?
    /// W3C tracestate that came with the trace.
    package var traceState: String?
    /// Proof of who calls. Only programs send it.
    package var callerToken: CallerTokenBytes?
    /// The deadline of the call being served; the earlier one of this and `timeout` counts.
    package var deadline: Deadline

    public init(
        timeout: Duration? = nil, requestID: String? = nil, metadata: Metadata = Metadata(),
        waitForReady: Bool = false, retries: Bool = true, hedgeAfter: Duration? = nil
    ) {
        self.timeout = timeout
        self.requestID = requestID
        self.metadata = metadata
        self.waitForReady = waitForReady
        self.retries = retries
        self.hedgeAfter = hedgeAfter
        minEpoch = 0
        trace = nil
        traceState = nil
        callerToken = nil
        deadline = .never
    }

    /// Options for a call made on behalf of the call being served: its deadline, trace and caller go along.
    package init(inheriting context: CallContext, timeout: Duration? = nil) {
        self.init(timeout: timeout)
        trace = context.trace.child()
        traceState = context.traceState
        callerToken = context.callerToken
        minEpoch = UInt64(max(context.minEpoch, 0))
        deadline = context.deadline
    }

    /// When the caller stops waiting, seen from now.
    package func effectiveDeadline(default fallback: Duration?) -> Deadline {
        let own = (timeout ?? fallback).map { Deadline.after($0) } ?? .never
        return min(own, deadline)
    }
}
