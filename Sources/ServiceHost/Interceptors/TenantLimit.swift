import CoreMetrics
import Observability
import RPC
import Tenancy

/// Bounds how many calls of one tenant are served at once.
final class TenantLimit: Interceptor {
    private let calls: TenantCalls
    private let refusals: Counter

    init(callsMax: Int, factory: any MetricsFactory) {
        calls = TenantCalls(callsMax: callsMax)
        refusals = Counter(
            label: MetricName.serverRefusals, dimensions: [(MetricDimension.reason, TenantCalls.reason)],
            factory: factory)
    }

    func admit(_ context: CallContext) throws {
        guard let tenant = context.caller?.tenantID, !calls.enter(tenant) else { return }
        refusals.increment()
        throw calls.refusal
    }

    /// Runs for a refused call too.
    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        if let tenant = context.caller?.tenantID { calls.leave(tenant) }
    }
}
