import Contracts
import InteropContracts
import RPC
import RPCTransport
import Reactor
import Synchronization

/// steward.interop.v1.TestService, without UnimplementedCall.
struct TestService: Sendable {
    let tally: CallTally
    /// Starts further servers.
    let host: InteropServer
    /// The server that this service belongs to, if it may be drained.
    let own: DrainSlot?

    /// Entries of the metadata whose keys begin so come back in the header.
    private static let echoPrefix = "echo-"
    private static let bodyBytesMax = 8 << 20
    private static let holdMax: Int64 = 3_600_000

    func router() -> Router {
        var router = Router()
        router.serve(TestServiceMethods.emptyCall) { (_: EmptyCallRequest, _) in EmptyCallResponse() }
        router.serve(TestServiceMethods.unaryCall, unary)
        router.serve(TestServiceMethods.streamingOutputCall, streamOutput)
        router.serve(TestServiceMethods.streamingInputCall, streamInput)
        router.serve(TestServiceMethods.fullDuplexCall, fullDuplex)
        router.serve(TestServiceMethods.halfDuplexCall, halfDuplex)
        router.serve(TestServiceMethods.watchCall, watch)
        router.serve(TestServiceMethods.reportCall, report)
        router.serve(TestServiceMethods.startServer, startServer)
        router.serve(TestServiceMethods.drainServer, drainServer)
        return router
    }

    // MARK: Calls of the four kinds

    private func unary(_ request: UnaryCallRequest, _ context: CallContext) async throws -> UnaryCallResponse {
        echo(context)
        return try await tracked(request.key, context) {
            if let hold = request.holdMs { try await sleep(hold) }
            if let outcome = request.outcome { throw try Self.error(outcome) }
            return UnaryCallResponse(
                body: try request.responseSize.map(Self.body), requestSize: Int32(request.body?.count ?? 0),
                requestID: context.requestID, traceID: context.trace.traceIDText)
        }
    }

    private func streamOutput(
        _ request: StreamingOutputCallRequest, _ responses: ResponseWriter<StreamingOutputCallResponse>,
        _ context: CallContext
    ) async throws {
        echo(context)
        try await tracked(request.key, context) {
            for size in request.responseSizes {
                tally.note(request.key) { $0.written += 1 }
                try await responses.write(StreamingOutputCallResponse(body: try Self.body(size)))
            }
            if request.stay == true { try await sleep(Self.holdMax) }
            if let outcome = request.outcome { throw try Self.error(outcome) }
        }
    }

    private func streamInput(
        _ requests: RequestReader<StreamingInputCallRequest>, _ context: CallContext
    ) async throws -> StreamingInputCallResponse {
        echo(context)
        var response = StreamingInputCallResponse(count: 0, size: 0)
        while let request = try await requests.next() {
            response.count = (response.count ?? 0) + 1
            response.size = (response.size ?? 0) + Int64(request.body?.count ?? 0)
        }
        return response
    }

    private func fullDuplex(
        _ requests: RequestReader<FullDuplexCallRequest>, _ responses: ResponseWriter<FullDuplexCallResponse>,
        _ context: CallContext
    ) async throws {
        echo(context)
        guard let first = try await requests.next() else { return }
        try await tracked(first.key, context) {
            var next: FullDuplexCallRequest? = first
            while let request = next {
                for size in request.responseSizes {
                    try await responses.write(FullDuplexCallResponse(body: try Self.body(size)))
                }
                if let outcome = request.outcome { throw try Self.error(outcome) }
                next = try await requests.next()
            }
        }
    }

    private func halfDuplex(
        _ requests: RequestReader<HalfDuplexCallRequest>, _ responses: ResponseWriter<HalfDuplexCallResponse>,
        _ context: CallContext
    ) async throws {
        var sizes: [Int32] = []
        while let request = try await requests.next() { sizes += request.responseSizes }
        for size in sizes { try await responses.write(HalfDuplexCallResponse(body: try Self.body(size))) }
    }

    private func watch(
        _ request: WatchCallRequest, _ responses: ResponseWriter<WatchCallResponse>, _ context: CallContext
    ) async throws {
        try await tracked(request.key, context) {
            try await responses.write(WatchCallResponse())
            try await sleep(Self.holdMax)
        }
    }

    // MARK: What the cases need besides

    private func report(_ request: ReportCallRequest, _ context: CallContext) async throws -> ReportCallResponse {
        guard let key = request.key else {
            throw RPCError.invalidArgument("REQUIRED", "Name the call.", field: "key", domain: "interop")
        }
        if request.awaitBegin == true { await tally.wait(for: key) { $0.hasBegun } }
        if request.awaitCancel == true { await tally.wait(for: key) { $0.isCancelled } }
        let entry = tally[key]
        return ReportCallResponse(written: Int32(entry.written), cancelled: entry.isCancelled)
    }

    private func startServer(_ request: StartServerRequest, _ context: CallContext) async throws -> StartServerResponse
    {
        var limits = ServerLimits()
        if let bytes = request.messageBytesMax { limits.link.messageBytesMax = UInt32(clamping: bytes) }
        if let credit = request.callCredit { limits.link.callCredit = UInt32(clamping: max(65_536, credit)) }
        if let credit = request.connectionCredit {
            limits.link.connectionCredit = UInt32(clamping: max(262_144, credit))
        }
        if let count = request.callsMax { limits.callsMax = UInt32(clamping: max(16, count)) }
        if let interval = request.pingMs {
            limits.link.pingInterval = .milliseconds(interval)
            limits.link.pingTimeout = .milliseconds(interval) * 10
        }
        return StartServerResponse(port: Int32(try await host.startFurther(limits)))
    }

    private func drainServer(_ request: DrainServerRequest, _ context: CallContext) async throws -> DrainServerResponse
    {
        guard let server = own?.server.withLock({ $0 }) else {
            throw RPCError.failedPrecondition(
                "SERVER_SHARED", "Other cases use this server; start one with StartServer and drain that.",
                domain: "interop")
        }
        host.drain(server)
        return DrainServerResponse()
    }

    // MARK: Parts

    /// Notes that the call has begun, and whether its caller gave it up.
    private func tracked<Value>(
        _ key: String?, _ context: CallContext, _ body: () async throws -> Value
    ) async throws -> Value {
        tally.note(key) { $0.hasBegun = true }
        do {
            return try await body()
        } catch {
            if context.isCancelled { tally.note(key) { $0.isCancelled = true } }
            throw error
        }
    }

    private func echo(_ context: CallContext) {
        for entry in context.metadata.entries where entry.key.hasPrefix(Self.echoPrefix) {
            context.responseHeader.append(entry.key, entry.value)
        }
    }

    private func sleep(_ milliseconds: Int64) async throws {
        guard let loop = EventLoop.current else {
            throw RPCError(.internal, reason: "NO_LOOP", domain: "interop", "The handler left its loop.")
        }
        try await loop.sleep(for: .milliseconds(min(max(0, milliseconds), Self.holdMax)))
    }

    private static func body(_ size: Int32) throws -> [UInt8] {
        guard (0...bodyBytesMax).contains(Int(size)) else {
            throw RPCError.invalidArgument(
                "OUT_OF_RANGE", "\(size) is not between 0 and \(bodyBytesMax).", field: "response_size",
                domain: "interop")
        }
        return [UInt8](repeating: 0, count: Int(size))
    }

    private static func error(_ outcome: Outcome) throws -> RPCError {
        let code = StatusCode(rawValue: outcome.code ?? 0)
        guard code != .ok else {
            throw RPCError.invalidArgument(
                "REQUIRED", "An outcome needs a code other than 0.", field: "outcome.code", domain: "interop")
        }
        return RPCError(
            code, reason: outcome.reason ?? "ASKED_FOR", domain: "interop", outcome.message ?? "",
            details: outcome.details.map { (key: $0.key ?? "", value: $0.value ?? "") },
            fieldViolations: outcome.violations.map {
                FieldViolation(field: $0.field ?? "", reason: $0.reason ?? "", description: $0.description ?? "")
            },
            retryDelay: outcome.retryMs.map { .milliseconds($0) })
    }
}
