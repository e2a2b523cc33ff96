import Logging
import Observability
import RPC
import Reactor
import Tenancy

/// Writes the log line of a call, if it deserves one: the cause of every internal error under the incident id that the
/// caller got, causes of others, of each reason some a second, and calls that took long, with the parts of their time. The rest is
/// seen at level debug only.
struct CallLog: Interceptor {
    private let slowNanoseconds: UInt64
    private let lines = LineBudget()

    init(slowCall: Duration) { slowNanoseconds = slowCall.nanosecondsClamped }

    func finish(_ context: CallContext, _ outcome: CallOutcome) {
        if let error = outcome.error, let incident = error.incidentID {
            var details = details(context, outcome)
            details[LogKey.incidentID] = "\(incident)"
            details[LogKey.error] = "\(error.cause.map { LogText.of($0) } ?? "unknown")"
            context.logger.error("call failed inside", metadata: details)
        } else if let error = outcome.error, let cause = error.cause {
            guard let leftOut = lines.take(error.reason, now: MonotonicTime.now()) else { return }
            var details = details(context, outcome)
            if leftOut > 0 { details[LogKey.leftOutLines] = "\(leftOut)" }
            details[LogKey.error] = "\(LogText.of(cause))"
            context.logger.warning("call failed", metadata: details)
        } else if outcome.durationNanoseconds >= slowNanoseconds && context.method.kind == .unary {
            var details = details(context, outcome)
            let times = context.times(of: outcome.durationNanoseconds)
            details[LogKey.queueMilliseconds] = Self.milliseconds(times.queue)
            details[LogKey.poolMilliseconds] = Self.milliseconds(times.pool)
            details[LogKey.databaseMilliseconds] = Self.milliseconds(times.database)
            details[LogKey.handlerMilliseconds] = Self.milliseconds(times.handler)
            context.logger.warning("call was slow", metadata: details)
        } else if context.logLevel <= .debug {
            context.logger.debug("call served", metadata: details(context, outcome))
        }
    }

    private func details(_ context: CallContext, _ outcome: CallOutcome) -> Logger.Metadata {
        var details: Logger.Metadata = [
            LogKey.statusCode: "\(outcome.code.name)",
            LogKey.durationMilliseconds: Self.milliseconds(outcome.durationNanoseconds),
            LogKey.peer: "\(context.peer)",
        ]
        if let reason = outcome.error?.reason { details[LogKey.errorReason] = "\(reason)" }
        if let caller = context.caller {
            details[LogKey.userID] = "\(caller.userID)"
            if let tenant = caller.tenantID { details[LogKey.tenantID] = "\(tenant)" }
        }
        return details
    }

    /// With three decimals.
    private static func milliseconds(_ nanoseconds: UInt64) -> Logger.MetadataValue {
        "\(Double(nanoseconds / 1_000) / 1_000)"
    }
}
