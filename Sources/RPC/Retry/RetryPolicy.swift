/// When a client sends a call again by itself. Only what may be done twice is sent twice: a call that reads, or a write that carries a
/// request id. Never beyond the deadline of the call, and never more than the `RetryBudget` of the client allows.
///
/// UNAVAILABLE is retried with a backoff. RESOURCE_EXHAUSTED and ABORTED are only when the server says how long to wait: without that
/// they mean that the same call would fail the same way (an answer too large, a version that is no longer the last). Everything else
/// is an answer. DEADLINE_EXCEEDED leaves no time for another attempt.
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first one included; 1 never sends again.
    public var attemptsMax: Int
    /// The wait after the first attempt; it doubles with each further one. Waits are cut at random to between half and all, so that
    /// clients do not come back all at once.
    public var backoffFirst: Duration
    /// The longest wait that the client chooses; a server may ask for a longer one.
    public var backoffLongest: Duration

    /// Three attempts and 50 ms: together they take the time that a program takes for a restart behind its peers.
    public init(
        attemptsMax: Int = 3, backoffFirst: Duration = .milliseconds(50), backoffLongest: Duration = .seconds(2)
    ) {
        self.attemptsMax = attemptsMax
        self.backoffFirst = backoffFirst
        self.backoffLongest = backoffLongest
    }

    /// Every error reaches the caller.
    public static let none = RetryPolicy(attemptsMax: 1)

    /// Whether a call may be done twice, and its client may keep its one request for that.
    package static func mayRepeat(_ method: MethodDefinition, _ options: CallOptions) -> Bool {
        guard options.retries, method.kind == .unary || method.kind == .serverStreaming else { return false }
        return method.isIdempotent || options.requestID != nil
    }

    /// The time to wait before the next attempt; nil when the error is final.
    /// - Parameters:
    ///   - attempts: how many were made, from 1.
    ///   - remaining: nanoseconds until the deadline of the call.
    ///   - jitter: a random number from 0 to 1.
    package func wait(
        after error: RPCError, attempts: Int, remaining: UInt64, jitter: Double = .random(in: 0...1)
    ) -> Duration? {
        guard attempts < attemptsMax, Self.isTransient(error) else { return nil }
        let full = min(backoffFirst * (1 << min(attempts - 1, 30)), backoffLongest)
        // What the server asks for is the least; the random part comes on top of it.
        let wait = (error.retryDelay ?? full / 2) + full / 2 * jitter
        return wait.nanosecondsClamped < remaining ? wait : nil
    }

    private static func isTransient(_ error: RPCError) -> Bool {
        switch error.code {
        case .unavailable: true
        case .resourceExhausted, .aborted: error.retryDelay != nil
        default: false
        }
    }
}
