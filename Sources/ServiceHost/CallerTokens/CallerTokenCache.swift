import RPC
import Reactor
import Synchronization
import Tenancy

/// Remembers verified tokens, so that the many calls of a user within a minute cost one verification.
///
/// One part for each loop: the lock of a part is taken by one thread only and so never waited for.
final class CallerTokenCache: Sendable {
    private final class Shard: Sendable {
        let callers = Mutex<[CallerTokenBytes: Caller]>([:])
    }

    private let verifier: CallerTokenVerifier
    private let shards: [Shard]

    init(verifier: CallerTokenVerifier, shardCount: Int) {
        self.verifier = verifier
        shards = (0..<max(1, shardCount)).map { _ in Shard() }
    }

    /// The caller whom the token proves; throws UNAUTHENTICATED when it proves nobody, or nobody any more.
    func caller(of token: CallerTokenBytes) throws -> Caller {
        let shard = shards[(EventLoop.current?.index ?? 0) % shards.count]
        if let known = shard.callers.withLock({ $0[token] }) {
            try CallerTokenVerifier.requireUnexpired(known)
            return known
        }
        let caller = try verifier.verify(token)
        shard.callers.withLock { callers in
            // Everything in it is at most a minute old, so starting anew costs less than keeping order.
            if callers.count >= HostLimits.callerCacheCountMax { callers.removeAll(keepingCapacity: true) }
            callers[token] = caller
        }
        return caller
    }
}
