package import RPC
import Synchronization
package import Tenancy

/// Counts the calls of each tenant that are under way in this process, so that no tenant takes what all share.
package final class TenantCalls: Sendable {
    private let callsMax: Int
    /// Only tenants with calls under way are in it.
    private let counts = Mutex<[TenantID: Int]>([:])

    /// - Parameter callsMax: most calls of one tenant at a time.
    package init(callsMax: Int) {
        self.callsMax = callsMax
    }

    /// Counts a call; false when it is one too many. Each call that was counted, refused or not, is to `leave`.
    package func enter(_ tenant: TenantID) -> Bool {
        counts.withLock { counts in
            counts[tenant, default: 0] += 1
            return counts[tenant, default: 0] <= callsMax
        }
    }

    /// The call is over.
    package func leave(_ tenant: TenantID) {
        counts.withLock { counts in
            let count = counts[tenant, default: 0] - 1
            counts[tenant] = count > 0 ? count : nil
        }
    }

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
