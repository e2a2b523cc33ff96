/// Keeps retries and hedges of a client to a tenth of its calls, so that clients do not double the load of a server that is in
/// trouble. A bucket: each call puts a tenth of a retry in, each retry and each hedge takes one out.
package struct RetryBudget: Sendable, Hashable {
    /// Calls that pay for one retry.
    package static let callsPerRetry = 10
    /// Retries that can be saved up, and that a new client has: a single call of a quiet client is retried, a burst of them is not.
    package static let retriesMax = 10

    /// In tenths of a retry.
    private var level = Self.retriesMax * Self.callsPerRetry

    package init() {}

    /// A caller has made a call.
    package mutating func callBegan() { level = min(level + 1, Self.retriesMax * Self.callsPerRetry) }

    /// Pays for a retry or a hedge. False when there is nothing left: it must not be made.
    package mutating func spend() -> Bool {
        guard level >= Self.callsPerRetry else { return false }
        level -= Self.callsPerRetry
        return true
    }
}
