import RPC
import Synchronization

/// Counts the calls without a session that are under way, AttachSession among them. Anybody in the world can make such calls, so that one connection
/// may have only a few, and all connections together fewer than identity serves at once: those who are signed in are
/// served whatever happens at the door.
final class OpenCalls: Sendable {
    /// Signing in takes one call, and a client has one user.
    static let ofConnectionMax = 8
    /// Calls passed on to identity and not answered yet. Identity checks some passwords at a time and lets about 128 wait
    /// for it; it serves 4,096 calls of a gateway in all, which are needed for other things.
    static let passedOnMax = 256
    /// A call that the client gave up keeps its place for so long: calling and giving up costs the client nothing.
    static let penalty: Duration = .seconds(1)

    private struct Counts {
        /// By number of the connection; only those with calls under way are in it.
        var ofConnection: [UInt64: Int] = [:]
        var passedOn = 0
    }

    private let counts = Mutex(Counts())

    /// Counts a call that a connection begins; false, and not counted, when it is one too many.
    func enter(_ connection: UInt64) -> Bool {
        counts.withLock { counts in
            guard counts.ofConnection[connection, default: 0] < Self.ofConnectionMax else { return false }
            counts.ofConnection[connection, default: 0] += 1
            return true
        }
    }

    /// A call that was counted is over.
    func leave(_ connection: UInt64) {
        counts.withLock { counts in
            let count = counts.ofConnection[connection, default: 0] - 1
            counts.ofConnection[connection] = count > 0 ? count : nil
        }
    }

    /// Counts a call that is passed on; false, and not counted, when it is one too many.
    func beginPassing() -> Bool {
        counts.withLock { counts in
            guard counts.passedOn < Self.passedOnMax else { return false }
            counts.passedOn += 1
            return true
        }
    }

    /// A call that was passed on is over.
    func endPassing() { counts.withLock { $0.passedOn -= 1 } }

    /// What a call too many is answered.
    static let refusal = RPCError.resourceExhausted(
        "OPEN_CALLS_LIMIT", "Too many calls without a session are in flight; wait and try again.", domain: "gateway",
        retryDelay: .seconds(1))
}
