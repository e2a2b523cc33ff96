import RPC
import StewardClient

/// Waits while the server is away, overloaded or busy, up to a limit, and says so.
struct Patience {
    /// How long, from the first failure on.
    let limit: Duration
    /// Renews the session when it has run out in the middle of the work.
    let renew: @Sendable () async throws -> Void

    private static let delayFirst: Duration = .milliseconds(250)
    private static let delayMax: Duration = .seconds(5)
    /// How soon an interrupt is noticed while nothing else happens.
    private static let look: Duration = .milliseconds(100)

    /// Repeats the work until it succeeds, fails for good, takes too long, or somebody wants it to end.
    func persist<Value>(_ work: () async throws -> Value) async throws -> Value {
        var began: ContinuousClock.Instant?
        var delay = Self.delayFirst
        var isRenewed = false
        while true {
            do {
                let value = try await work()
                if let began { say("the server answers again, after \(Self.seconds(ContinuousClock.now - began)) s") }
                return value
            } catch let error as RPCError {
                if error.code == .unauthenticated, !isRenewed {
                    isRenewed = true
                    try await renew()
                    continue
                }
                guard Self.isPassing(error) else { throw error }
                let start = began ?? ContinuousClock.now
                if began == nil {
                    let why = CommandWords.own.told(error.message)
                    say("\(why) Waiting for up to \(Self.seconds(limit)) s; Ctrl-C ends it.")
                }
                began = start
                let left = limit - (ContinuousClock.now - start)
                guard left > Self.look else { throw error }
                guard try await wait(min(max(delay, error.retryDelay ?? .zero), left)) else { throw error }
                delay = min(delay * 2, Self.delayMax)
            }
        }
    }

    /// Whether the same call may succeed later.
    static func isPassing(_ error: RPCError) -> Bool {
        switch error.code {
        case .unavailable, .deadlineExceeded: error.reason != "CLIENT_CLOSED"
        case .resourceExhausted, .aborted: error.retryDelay != nil
        default: false
        }
    }

    /// Whether the server may have done the work all the same, since its answer did not come.
    static func leavesDoubt(_ error: any Error) -> Bool {
        guard let error = error as? RPCError else { return error is CancellationError }
        return [.unavailable, .deadlineExceeded, .cancelled, .unknown, .internal].contains(error.code)
    }

    /// False when somebody wants the work to end.
    private func wait(_ delay: Duration) async throws -> Bool {
        let end = ContinuousClock.now + delay
        while ContinuousClock.now < end {
            if Interrupt.hasCome { return false }
            try await Task.sleep(for: min(Self.look, end - ContinuousClock.now))
        }
        return !Interrupt.hasCome
    }

    private func say(_ text: String) { Terminal.note((Terminal.errorIsTerminal ? "\n" : "") + text) }

    private static func seconds(_ duration: Duration) -> Int64 { max(1, duration.components.seconds) }
}
