import Logging
import Observability
import RPC
import Reactor
import Wire

/// A call served by a handler of the router: decodes requests, runs interceptors and handler in a task on the loop, encodes answers.
// SAFETY: confined to the loop of its connection; the task runs there too.
final class RoutedCall: CallReceiver, @unchecked Sendable {
    let call: InboundCall
    let route: Router.Route
    let context: CallContext
    let connection: ServerConnection
    private var task: Task<Void, Never>?
    let requests: MessageQueue
    private var admittedCount = 0
    /// The handler has returned, or never began.
    private var isDone = false
    private var isOrphan = false
    private var hasSentHeader = false
    /// A writer that waits for credit.
    var readiness: CheckedContinuation<Void, any Error>?
    /// Why the call was over before its handler was done.
    private(set) var failure: RPCError?
    private var streamArenas: [Arena] = []

    init(
        _ call: InboundCall, _ route: Router.Route, _ start: StartView, _ metadata: Metadata,
        connection: ServerConnection, now: UInt64
    ) {
        self.call = call
        self.route = route
        self.connection = connection
        let parent = start.traceParent.flatMap { TraceContext(parsing: $0) }
        context = CallContext(
            method: route.method, deadline: call.deadline,
            requestID: start.requestID.map { String(decoding: $0, as: UTF8.self) },
            metadata: metadata, trace: parent?.child() ?? .make(), connection: connection.context,
            callerToken: start.caller.map { CallerTokenBytes(encoded: Array($0)) },
            arena: connection.loopServer.arenas.take(), logger: connection.config.logger,
            startNanoseconds: now)
        requests = MessageQueue(
            loop: connection.loopServer.loop, bytesMax: Int(connection.limits.link.messageBytesMax))
    }

    /// Takes the first frame; begins at once if the request is complete.
    func begin(_ frame: FrameView) {
        call.receiver = self
        switch route.handler {
        case .unary, .serverStreaming: break
        case .clientStreaming(let handler):
            let reader = MessageReader(self, arena: takeArena())
            run { call in call.answer(try await handler(reader, call.context)) }
        case .bidirectional(let handler):
            let reader = MessageReader(self, arena: takeArena())
            let writer = MessageWriter(self, arena: takeArena())
            run { call in
                try await handler(reader, writer, call.context)
                call.answer(nil)
            }
        }
        receive(frame, on: call)
    }

    // MARK: CallReceiver

    func receive(_ frame: FrameView, on call: FrameCall) {
        do {
            if let payload = frame.payload { try receive(payload, more: frame.more) }
            if frame.end { try receiveEnd() }
        } catch {
            refuse(RPCError(masking: error))
        }
    }

    func fail(_ error: RPCError, wasBegun: Bool, on call: FrameCall) {
        failure = error
        context.cancel()
        requests.fail(error)
        readiness?.resume(throwing: error)
        readiness = nil
        guard let task, !isDone else { return finished() }
        isOrphan = true
        connection.orphansChanged(by: 1)
        task.cancel()
    }

    func drained(_ call: FrameCall) {
        readiness?.resume()
        readiness = nil
    }

    // MARK: Requests

    private func receive(_ payload: UnsafeRawBufferPointer, more: Bool) throws {
        let cost = PayloadCost.of(payload.count)
        switch route.handler {
        case .unary, .serverStreaming:
            guard task == nil else {
                throw RPCError.invalidArgument("REQUEST_REPEATED", "This method takes one request message.")
            }
            let message = try requests.assemble(payload, more: more) {
                try self.decode($0, self.context.arena)
            }
            call.release(cost)
            if let message { begin(message) }
        case .clientStreaming, .bidirectional:
            if !requests.append(payload, more: more, cost: cost) { call.release(cost) }
            if let error = requests.error { throw error }
        }
    }

    private func receiveEnd() throws {
        switch route.handler {
        case .unary, .serverStreaming:
            guard task == nil, !isDone else { return }
            guard !requests.isPartial else {
                throw RPCError.invalidArgument(
                    "REQUEST_INCOMPLETE", "The call ended inside its request message.")
            }
            // An empty message may be left out: all of its fields are absent.
            begin(try decode(UnsafeRawBufferPointer(start: nil, count: 0), context.arena))
        case .clientStreaming, .bidirectional: requests.end()
        }
    }

    func decode(_ bytes: UnsafeRawBufferPointer, _ arena: Arena) throws -> Message {
        do {
            return try WireCodec.decode(bytes, as: route.method.request, arena: arena)
        } catch {
            let violations =
                error.fieldPath.isEmpty
                ? []
                : [
                    FieldViolation(
                        field: error.fieldPath, reason: "MALFORMED", description: error.description)
                ]
            throw RPCError(
                .invalidArgument, reason: "REQUEST_MALFORMED",
                "The request is not a \(route.method.request.name): \(error)", fieldViolations: violations)
        }
    }

    private func begin(_ message: Message) {
        switch route.handler {
        case .unary(let handler):
            run { call in call.answer(try await handler(message, call.context)) }
        case .serverStreaming(let handler):
            let writer = MessageWriter(self, arena: takeArena())
            run { call in
                try await handler(message, writer, call.context)
                call.answer(nil)
            }
        case .clientStreaming, .bidirectional: break
        }
    }

    // MARK: Running

    private func run(_ body: @escaping @Sendable (RoutedCall) async throws -> Void) {
        task = Task(executorPreference: connection.loopServer.loop) {
            do {
                try await self.admit()
                try await body(self)
            } catch {
                self.onLoop { self.handlerFailed(RPCError(masking: error)) }
            }
            self.onLoop { self.finished() }
        }
    }

    /// The task runs on the loop; a handler that was misled to another executor must not touch the connection from there.
    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if connection.loopServer.loop.isCurrent { body() } else { connection.loopServer.loop.execute(body) }
    }

    private func admit() async throws {
        for interceptor in connection.config.interceptors {
            admittedCount += 1
            try await interceptor.admit(context)
        }
    }

    /// Sends the answer and the status. Nil: the messages have been sent before.
    private func answer(_ message: Message?) {
        guard connection.loopServer.loop.isCurrent else {
            return connection.loopServer.loop.execute { self.answer(message) }
        }
        report(nil)
        guard !call.isEnded else { return }
        guard let message else { return call.finish(nil, budget: context.responseBudget) }
        let status =
            context.responseBudget.map { CallStatus(budget: $0).encoded() } ?? CallStatus.okBytes
        withOptionalBytes(header(), status, nil, nil) { header, status, _, _ in
            var frame = FrameView()
            frame.header = header
            frame.status = status
            call.transmit(message, in: frame)
        }
    }

    private func handlerFailed(_ error: RPCError) {
        report(error)
        call.finish(error, budget: context.responseBudget)
    }

    /// The caller sent something that cannot be served.
    private func refuse(_ error: RPCError) {
        guard !call.isEnded else { return }
        connection.config.observer.callRefused(reason: error.reason)
        guard task != nil, !isDone else {
            call.finish(error)
            return finished()
        }
        call.abandon(error, tellCaller: true)
    }

    /// Tells the interceptors, once.
    private func report(_ error: RPCError?) {
        guard admittedCount > 0 else { return }
        let outcome = CallOutcome(
            error: failure ?? error, durationNanoseconds: MonotonicTime.now() &- context.startNanoseconds)
        for interceptor in connection.config.interceptors.prefix(admittedCount).reversed() {
            interceptor.finish(context, outcome)
        }
        admittedCount = 0
    }

    private func finished() {
        guard !isDone else { return }
        isDone = true
        connection.loopServer.arenas.give(context.arena)
        for arena in streamArenas { connection.loopServer.arenas.give(arena) }
        streamArenas = []
        if isOrphan { connection.orphansChanged(by: -1) }
    }

    private func takeArena() -> Arena {
        let arena = connection.loopServer.arenas.take()
        streamArenas.append(arena)
        return arena
    }

    /// The header, with the first payload only.
    func header() -> [UInt8]? {
        guard !hasSentHeader, !context.responseHeader.isEmpty else { return nil }
        hasSentHeader = true
        return context.responseHeader.encoded(as: Metadata.headerField)
    }
}
