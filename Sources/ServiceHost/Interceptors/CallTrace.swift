import Observability
import RPC

/// Records the span of a served call, if its trace is recorded.
struct CallTrace: Interceptor {
    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        guard let exporter = context.tracing.exporter(for: context.trace) else { return }
        exporter.record(
            Span(
                context.trace, kind: .server, service: context.method.service, method: context.method.name,
                begin: context.startNanoseconds, end: context.startNanoseconds &+ outcome.durationNanoseconds,
                code: outcome.code, reason: outcome.error?.reason))
    }
}
