import RPC
import Synchronization

/// Counts the calls without a session that are under way, AttachSession among them. Anybody in the world can make such calls, so that one connection
/// may have only a few, a network no more than there is room left, and all together fewer than identity serves at once: those
/// who are signed in are served whatever happens at the door, and a network that floods it leaves room for the others.
final class OpenCalls: Sendable {
    /// Signing in takes one call, and a client has one user.
    static let ofConnectionMax = 8
    /// Calls passed on to identity and not answered yet. Identity checks some passwords at a time and lets at
    /// most 128 wait for it (`PasswordTurns`); it serves 4,096 calls of a gateway in all, which are needed for other things.
    static let passedOnMax = 256
    /// A call that the client gave up keeps its place for so long: calling and giving up costs the client nothing.
    static let penalty: Duration = .seconds(1)

    private struct Counts {
        /// By number of the connection; only those with calls under way are in it.
        var ofConnection: [UInt64: Int] = [:]
        /// By network; only those with calls passed on are in it.
        var ofNetwork: [ClientNetwork: Int] = [:]
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
    func beginPassing(from network: ClientNetwork) -> Bool {
        counts.withLock { counts in
            let count = counts.ofNetwork[network, default: 0]
            guard count < Self.passedOnMax - counts.passedOn else { return false }
            counts.ofNetwork[network] = count + 1
            counts.passedOn += 1
            return true
        }
    }

    /// A call that was passed on is over.
    func endPassing(from network: ClientNetwork) {
        counts.withLock { counts in
            let count = counts.ofNetwork[network, default: 0] - 1
            counts.ofNetwork[network] = count > 0 ? count : nil
            counts.passedOn -= 1
        }
    }

    /// What a call too many is answered.
    static let refusal = RPCError.resourceExhausted(
        "OPEN_CALLS_LIMIT", "Too many calls without a session are in flight; wait and try again.", domain: "gateway",
        retryDelay: .seconds(1))
}
