package import Observability
package import RPC
package import Reactor

/// Counts and times calls by method: each loop for itself, without a lock.
package final class CallStatistics: Sendable {
    /// The part of one loop.
    // SAFETY: confined to its loop.
    private final class Shard: @unchecked Sendable {
        var tally: CallTally

        init(_ tally: CallTally) { self.tally = tally }
    }

    /// In the order of their numbers.
    package let methods: [MethodDefinition]
    private let loops: [EventLoop]
    private let shards: [Shard]

    package init(methods: [MethodDefinition], loops: EventLoopGroup) {
        self.methods = methods
        self.loops = loops.loops
        shards = loops.loops.map { _ in Shard(CallTally(methodCount: methods.count)) }
    }

    /// A call has begun. On a loop of the program, as `end`.
    package func begin() { shard?.tally.begin() }

    /// A call of the method with this number has ended.
    package func end(method: Int, code: StatusCode, nanoseconds: UInt64) {
        shard?.tally.end(method: method, code: code.rawValue, nanoseconds: nanoseconds)
    }

    /// What all loops have counted.
    package func tally() async -> CallTally {
        var sum = CallTally(methodCount: methods.count)
        for (loop, shard) in zip(loops, shards) {
            sum.add(
                await withCheckedContinuation { continuation in
                    loop.execute { continuation.resume(returning: shard.tally) }
                })
        }
        return sum
    }

    private var shard: Shard? {
        guard let loop = EventLoop.current, shards.indices.contains(loop.index) else { return nil }
        return shards[loop.index]
    }
}
