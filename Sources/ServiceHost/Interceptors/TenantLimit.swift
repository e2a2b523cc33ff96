import CoreMetrics
import Observability
import RPC
import Synchronization
import Tenancy

/// Bounds how many calls of one tenant are served at once, so that one company cannot take what all share.
final class TenantLimit: Interceptor {
    private let callsMax: Int
    private let refusals: Counter
    /// Only tenants with calls in flight are in it.
    private let calls = Mutex<[TenantID: Int]>([:])

    init(callsMax: Int, factory: any MetricsFactory) {
        self.callsMax = callsMax
        refusals = Counter(
            label: MetricName.serverRefusals, dimensions: [(MetricDimension.limit, "tenant_calls")],
            factory: factory)
    }

    func admit(_ context: CallContext) async throws {
        guard let tenant = context.caller?.tenantID else { return }
        let count = calls.withLock { calls in
            calls[tenant, default: 0] += 1
            return calls[tenant, default: 0]
        }
        // The call stays counted until `finish`, which runs for a refused call too.
        guard count <= callsMax else {
            refusals.increment()
            throw RPCError.resourceExhausted(
                "TENANT_CALLS_LIMIT",
                "The workspace has \(callsMax) calls in flight already; wait and try again.",
                retryDelay: .milliseconds(100), details: [("limit", "\(callsMax)")])
        }
    }

    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        guard let tenant = context.caller?.tenantID else { return }
        calls.withLock { calls in
            let count = calls[tenant, default: 0] - 1
            calls[tenant] = count > 0 ? count : nil
        }
    }
}
