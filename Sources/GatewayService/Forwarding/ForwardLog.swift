import Logging
import Observability
import RPC
import Reactor
import ServiceHost
import Tenancy

/// Logs the calls that got no answer of the service behind, of each reason some a second, with what the client is not told, and the unary calls that took long at the
/// gateway, with the part that the service took.
struct ForwardLog: Sendable {
    private let slowNanoseconds: UInt64
    private let logger: Logger
    private let lines = LineBudget()

    init(slowCall: Duration, logger: Logger) {
        slowNanoseconds = slowCall.nanosecondsClamped
        self.logger = logger
    }

    func isSlow(_ nanoseconds: UInt64) -> Bool { nanoseconds >= slowNanoseconds }

    /// - Parameters:
    ///   - queue: until the call was passed on: its session's proof was renewed, or its request was not whole.
    ///   - inService: from then on, the way there and back included.
    func writeSlow(
        _ method: String, _ service: ServiceName, _ trace: TraceContext, _ code: StatusCode, total: UInt64,
        queue: UInt64, inService: UInt64
    ) {
        logger.warning(
            "forward was slow",
            metadata: [
                LogKey.method: "\(method)", LogKey.traceID: "\(trace.traceIDText)", LogKey.statusCode: "\(code.name)",
                LogKey.peer: "\(service)", LogKey.durationMilliseconds: Self.milliseconds(total),
                LogKey.queueMilliseconds: Self.milliseconds(queue),
                LogKey.serviceMilliseconds: Self.milliseconds(inService),
            ])
    }

    /// A call whose client gave up, or whose time was over, is no news.
    func writeFailed(_ method: String, _ service: ServiceName, _ trace: TraceContext, _ told: RPCError) {
        guard let cause = told.cause, let leftOut = lines.take(told.reason, now: MonotonicTime.now()) else { return }
        var details: Logger.Metadata = [
            LogKey.method: "\(method)", LogKey.traceID: "\(trace.traceIDText)", LogKey.statusCode: "\(told.code.name)",
            LogKey.errorReason: "\(told.reason)", LogKey.peer: "\(service)", LogKey.error: "\(LogText.of(cause))",
        ]
        if let incident = told.incidentID { details[LogKey.incidentID] = "\(incident)" }
        if leftOut > 0 { details[LogKey.leftOutLines] = "\(leftOut)" }
        logger.warning("forward failed", metadata: details)
    }

    /// With three decimals.
    private static func milliseconds(_ nanoseconds: UInt64) -> Logger.MetadataValue {
        "\(Double(nanoseconds / 1_000) / 1_000)"
    }
}
