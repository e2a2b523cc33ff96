/// Finds out whether a silent peer is still there, and when a connection has been idle for too long. No clock, no timer: it is told
/// the time and says what to do.
package struct KeepAlive: Sendable, Hashable {
    /// What to do now.
    package enum Action: Sendable, Hashable {
        /// Look again at this time (monotonic nanoseconds).
        case wait(until: UInt64)
        /// Ping, and look again at this time.
        case ping(token: UInt64, until: UInt64)
        /// The peer is gone: it answered neither with data nor to the ping.
        case dead
        /// Nothing has happened for the idle timeout: say goodbye.
        case idle
    }

    private let interval: UInt64
    private let timeout: UInt64
    private let idleTimeout: UInt64
    private var lastReceived: UInt64
    private var lastBusy: UInt64
    private var pingSent: UInt64?
    private var nextToken: UInt64 = 1

    /// - Parameters:
    ///   - interval: silence after which a peer is pinged.
    ///   - timeout: silence after the ping after which it is taken for dead.
    ///   - idleTimeout: time without any call after which the connection ends; nil: never.
    package init(interval: Duration, timeout: Duration, idleTimeout: Duration?, now: UInt64) {
        self.interval = interval.nanosecondsClamped
        self.timeout = timeout.nanosecondsClamped
        self.idleTimeout = idleTimeout?.nanosecondsClamped ?? .max
        lastReceived = now
        lastBusy = now
    }

    /// Bytes came.
    package mutating func received(at now: UInt64) {
        lastReceived = now
        pingSent = nil
    }

    /// The time has come, or this is the start. `isBusy`: there are calls.
    package mutating func check(at now: UInt64, isBusy: Bool) -> Action {
        if isBusy { lastBusy = now }
        if now - lastBusy >= idleTimeout { return .idle }
        let idleAt = idleTimeout == .max ? UInt64.max : lastBusy + idleTimeout
        if let pingSent {
            let deadAt = pingSent + timeout
            return now >= deadAt ? .dead : .wait(until: min(deadAt, idleAt))
        }
        let pingAt = lastReceived + interval
        guard now >= pingAt else { return .wait(until: min(pingAt, idleAt)) }
        pingSent = now
        defer { nextToken += 1 }
        return .ping(token: nextToken, until: min(now + timeout, idleAt))
    }
}
