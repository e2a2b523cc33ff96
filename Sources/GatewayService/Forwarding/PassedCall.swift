import Observability
import RPC
import RPCTransport
import Reactor
import Tenancy

/// A call that is passed on, for whoever counts, traces and logs it.
struct PassedCall: Sendable {
    /// The trace of the call at the gateway's door.
    private let trace: TraceContext
    /// The same with the span of the call to the service; the service sees it as its parent.
    let callTrace: TraceContext
    /// The client sent a trace. A traceparent that is malformed or too long is none.
    let hasParent: Bool
    private let service: ServiceName
    private let methodNumber: Int?
    private let arrival: UInt64
    private let begin = MonotonicTime.now()
    private let isEndless: Bool
    private let metrics: ForwardMetrics
    private let exporter: SpanExporter?
    private let log: ForwardLog

    /// A trace that is not recorded here has no span of the gateway: then the service's parent is the client's span.
    init(
        _ start: StartView, _ service: ServiceName, _ call: InboundCall, _ forwarder: Forwarder,
        _ sampling: SamplingBudget
    ) {
        let parent = Self.bounded(start.traceParent)
            .flatMap { TraceContext(parsing: $0) }
            .map { sampling.bound($0, at: call.arrival) }
        hasParent = parent != nil
        let found = parent ?? .make(forwarder.tracing.sampling)
        exporter = forwarder.tracing.exporter(for: found)
        trace = exporter != nil && parent != nil ? found.child() : found
        callTrace = exporter == nil ? trace : trace.child()
        self.service = service
        methodNumber = forwarder.metrics.number(of: start.method)
        arrival = min(call.arrival, begin)
        isEndless = call.isEndless
        metrics = forwarder.metrics
        log = forwarder.log
    }

    /// Once, on the loop of the call.
    func ended(_ end: RelayEnd) {
        let (code, now) = (end.code, MonotonicTime.now())
        metrics.ended(service, method: methodNumber, code, nanoseconds: now &- arrival)
        if let exporter { record(code, now, exporter) }
        if let failure = end.failure { return log.writeFailed(method?.path ?? "", service, trace, failure) }
        guard log.isSlow(now &- arrival), let method, method.kind == .unary else { return }
        log.writeSlow(
            method.path, service, trace, code, total: now &- arrival, queue: begin &- arrival, inService: now &- begin)
    }

    /// Nil for one that a newer service knows and this gateway does not.
    private var method: MethodDefinition? { methodNumber.map { metrics.method($0) } }

    private func record(_ code: StatusCode, _ now: UInt64, _ exporter: SpanExporter) {
        guard let method else { return }
        exporter.record(
            Span(
                trace, kind: .server, service: method.service, method: method.name, begin: arrival, end: now,
                code: code, reason: nil))
        exporter.record(
            Span(
                callTrace, kind: .client, service: method.service, method: method.name, begin: begin, end: now,
                code: code, reason: nil, peer: service.peerName))
    }

    /// Longest traceparent passed on: version 00 has 55 bytes, and a start must stay small enough for the frame that carries
    /// it, or the next server ends the connection that all clients share.
    static let traceParentBytesMax = 128

    static func bounded(_ traceParent: UnsafeRawBufferPointer?) -> UnsafeRawBufferPointer? {
        traceParent.flatMap { $0.count <= traceParentBytesMax ? $0 : nil }
    }
}
