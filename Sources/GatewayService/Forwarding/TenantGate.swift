import RPC
import Synchronization
import Tenancy

/// Limits how many calls of one tenant are under way, so that none can take all of the gateway.
final class TenantGate: Sendable {
    private let callsMax: Int
    private let counts = Mutex<[TenantID: Int]>([:])

    /// - Parameter callsMax: most calls of one tenant at a time.
    init(callsMax: Int) {
        self.callsMax = callsMax
    }

    /// Counts a call; false when the tenant has too many.
    func enter(_ tenant: TenantID) -> Bool {
        counts.withLock { counts in
            let count = counts[tenant, default: 0]
            guard count < callsMax else { return false }
            counts[tenant] = count + 1
            return true
        }
    }

    func leave(_ tenant: TenantID) {
        counts.withLock { counts in
            let count = counts[tenant, default: 1] - 1
            counts[tenant] = count > 0 ? count : nil
        }
    }

    static let refusal = RPCError.resourceExhausted(
        "TENANT_CALLS_LIMIT", "The workspace has too many calls under way at once; wait for some to end.",
        domain: "gateway", retryDelay: .milliseconds(100))
}
