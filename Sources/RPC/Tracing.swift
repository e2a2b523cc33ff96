package import Observability

/// Which of the traces that begin here are recorded. A trace that came with a call is recorded when its caller says so, within
/// a `SamplingBudget` where callers are clients.
package struct TraceSampling: Sendable, Hashable {
    /// Trace ids whose lower half is below it are recorded.
    private let threshold: UInt64

    package static let none = TraceSampling(ratio: 0)

    /// - Parameter ratio: 0 for none to 1 for all. Decided by the trace id, as OpenTelemetry's TraceIdRatioBased does, so
    ///   that it costs one comparison.
    package init(ratio: Double) {
        threshold = ratio >= 1 ? .max : UInt64(max(0, ratio) * 0x1p64)
    }

    func includes(traceLow: UInt64) -> Bool { traceLow < threshold }
}

/// What a process does with traces.
package struct Tracing: Sendable {
    package var sampling: TraceSampling
    /// Takes the spans of traces that are recorded; nil when this process records none, and only carries them.
    package var exporter: SpanExporter?
    /// Bounds what callers have recorded; nil where they are programs, which were bounded at the gateway.
    package var callerSampling: SamplingBudget?

    package static let off = Tracing(sampling: .none, exporter: nil)

    package init(sampling: TraceSampling, exporter: SpanExporter?) {
        self.sampling = sampling
        self.exporter = exporter
    }

    /// The exporter if spans of this trace are to be recorded.
    package func exporter(for trace: TraceContext) -> SpanExporter? { trace.isSampled ? exporter : nil }
}

extension Span {
    /// The span of a call, served or made.
    package init(
        _ trace: TraceContext, kind: Kind, service: String, method: String, begin: UInt64, end: UInt64,
        code: StatusCode, reason: String?, peer: String? = nil
    ) {
        var attributes = [
            Attribute(SpanAttribute.rpcSystem, SpanAttribute.rpcSystemValue),
            Attribute(SpanAttribute.rpcService, service), Attribute(SpanAttribute.rpcMethod, method),
            Attribute(SpanAttribute.statusCode, code.name),
        ]
        if let reason { attributes.append(Attribute(SpanAttribute.errorType, reason)) }
        if let peer { attributes.append(Attribute(SpanAttribute.peerService, peer)) }
        self.init(
            traceHigh: trace.traceHigh, traceLow: trace.traceLow, spanID: trace.spanID, parentID: trace.parentID,
            kind: kind, name: "\(service)/\(method)", begin: begin, end: end,
            isError: kind == .client ? code != .ok : code.isFaultOfServer, attributes: attributes)
    }
}

extension StatusCode {
    /// The codes that OpenTelemetry counts as errors of the server; the others are answers that the caller brought about.
    fileprivate var isFaultOfServer: Bool {
        [.unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss].contains(self)
    }
}
