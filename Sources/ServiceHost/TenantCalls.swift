package import RPC
import Synchronization
package import Tenancy

/// Counts the calls of each tenant that are under way in this process, so that no tenant takes what all share.
package final class TenantCalls: Sendable {
    /// Some of the tenants.
    private final class Shard: Sendable {
        /// Only tenants with calls under way are in it.
        let counts = Mutex<[TenantID: Int]>([:])
    }

    private let callsMax: Int
    /// By the last bits of the tenant's id, which are random: loops that serve different tenants hardly ever wait for each other. A
    /// tenant's own calls are counted together on whatever loop they are, or the limit would be a limit of each loop.
    private let shards = (0..<TenantCalls.shardCount).map { _ in Shard() }
    private static let shardCount = 64

    /// - Parameter callsMax: most calls of one tenant at a time.
    package init(callsMax: Int) {
        self.callsMax = callsMax
    }

    /// Counts a call; false when it is one too many. Each call that was counted, refused or not, is to `leave`.
    package func enter(_ tenant: TenantID) -> Bool {
        shard(of: tenant).counts.withLock { counts in
            counts[tenant, default: 0] += 1
            return counts[tenant, default: 0] <= callsMax
        }
    }

    /// The call is over.
    package func leave(_ tenant: TenantID) {
        shard(of: tenant).counts.withLock { counts in
            let count = counts[tenant, default: 0] - 1
            counts[tenant] = count > 0 ? count : nil
        }
    }

    private func shard(of tenant: TenantID) -> Shard { shards[Int(tenant.id.low % UInt64(Self.shardCount))] }

    /// Why a call too many is refused, as the caller and the metrics see it.
    package static let reason = "TENANT_CALLS_LIMIT"

    /// What a call too many is answered.
    package static func refusal(callsMax: Int) -> RPCError {
        RPCError.resourceExhausted(
            reason, "The workspace has \(callsMax) calls in flight already; wait and try again.",
            retryDelay: .milliseconds(100), details: [("limit", "\(callsMax)")])
    }

    /// The same of this count.
    package var refusal: RPCError { Self.refusal(callsMax: callsMax) }
}
