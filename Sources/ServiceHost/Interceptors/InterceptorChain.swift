import CoreMetrics
import RPC
import Tenancy

/// What every call passes, in this order. Trace and request id come with the frame and are in the context already; an
/// error that is not meant for the caller is masked by the transport on the way out, and its cause logged here.
enum InterceptorChain {
    /// The chain of a service behind the gateway.
    static func service(
        statistics: CallStatistics, settings: HostSettings, verifier: CallerTokenVerifier,
        factory: any MetricsFactory
    ) -> [any Interceptor] {
        programs(statistics: statistics, settings: settings, factory: factory) + [
            CallerAuthentication(verifier: verifier, loopCount: settings.loops, factory: factory),
            TenantLimit(callsMax: settings.tenantCallsMax, factory: factory),
            TimeCharge(),
        ]
    }

    /// The chain of a program that works for other programs only, and in nobody's name.
    static func programs(
        statistics: CallStatistics, settings: HostSettings, factory: any MetricsFactory
    ) -> [any Interceptor] {
        gateway(statistics: statistics, settings: settings, factory: factory) + [
            PeerCheck(methods: statistics.methods)
        ]
    }

    /// The chain of what the gateway itself answers: thin clients have no certificate, and sessions are the gateway's.
    static func gateway(
        statistics: CallStatistics, settings: HostSettings, factory: any MetricsFactory
    ) -> [any Interceptor] {
        [
            CallLog(slowCall: settings.slowCall),
            CallTrace(),
            CallMeasure(statistics: statistics, loopCount: settings.loops, factory: factory),
            DeadlineCheck(),
        ]
    }
}
