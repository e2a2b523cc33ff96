import Logging
import Observability
import RPC
import Reactor
import Wire

/// A call served by a handler of the router: decodes requests, runs interceptors and handler in a task on the loop, encodes answers.
// SAFETY: confined to the loop of its connection; the task runs there too.
final class RoutedCall: InboundCall, CallReceiver, @unchecked Sendable {
    let route: Router.Route
    let context: CallContext
    @exclusivity(unchecked) private var phase = Phase.gathering
    /// Runs the handler.
    @exclusivity(unchecked) private var worker: CallWorker?
    /// The request of a method that takes one.
    @exclusivity(unchecked) private var request: Message?
    @exclusivity(unchecked) private var assembly: MessageAssembly
    /// The requests of a method that takes many; nil for the others.
    let requests: MessageQueue?
    @exclusivity(unchecked) private var admittedCount = 0
    /// Where the call stands with the scheduler.
    @exclusivity(unchecked) var place = CallScheduler.Place.none
    /// When the handler began, or was to begin, in monotonic nanoseconds.
    @exclusivity(unchecked) private(set) var beganNanoseconds: UInt64 = 0
    @exclusivity(unchecked) private var isOrphan = false
    @exclusivity(unchecked) private var hasSentHeader = false
    /// A writer that waits for credit. Not a checked continuation: its size is known at run time only, and with it where all else in a
    /// call is.
    @exclusivity(unchecked) var readiness: UnsafeContinuation<Void, any Error>?
    /// Ends its wait, if it has a deadline.
    @exclusivity(unchecked) var patience: Timer?
    /// Why the call was over before its handler was done.
    @exclusivity(unchecked) var failure: RPCError?
    @exclusivity(unchecked) private var streamArenas: [Arena] = []

    private enum Phase {
        /// The request is not whole. → waiting, running, done
        case gathering
        /// The interceptors have let it pass; it waits for its turn and for a worker. → running, done
        case waiting
        /// The handler runs. → done
        case running
        /// The handler has returned, or never began.
        case done
    }

    init(
        id: UInt64, _ route: Router.Route, _ start: StartView, _ metadata: Metadata, server: ServerConnection,
        link: FrameLink, deadline: Deadline, now: UInt64
    ) {
        self.route = route
        let config = server.config
        let parent = StartChecks.trace(start, config)
        context = CallContext(
            method: route.method, methodNumber: route.number, deadline: deadline,
            requestID: start.requestID.map { String(decoding: $0, as: UTF8.self) },
            metadata: metadata, trace: parent?.child() ?? .make(config.tracing.sampling),
            // Without its traceparent a tracestate means nothing.
            traceState: parent == nil ? nil : start.traceState.map { String(decoding: $0, as: UTF8.self) },
            minEpoch: start.minEpoch, connection: server.context,
            callerToken: start.caller.map { CallerTokenBytes(encoded: Array($0)) },
            arena: server.arenas.take(), startNanoseconds: now)
        let bytesMax =
            route.isOfProtocol ? config.limits.protocolRequestBytesMax : Int(config.limits.link.messageBytesMax)
        assembly = MessageAssembly(bytesMax: bytesMax)
        switch route.handler {
        case .unary, .unaryEncoded, .serverStreaming: requests = nil
        case .clientStreaming, .bidirectional: requests = MessageQueue(loop: server.loop, bytesMax: bytesMax)
        }
        super.init(id: id, server: server, link: link, deadline: deadline, isEndless: route.isEndless, now: now)
    }

    /// Takes the first frame; begins at once if the request is complete.
    func begin(_ frame: FrameView) {
        receiver = self
        if requests != nil { run() }
        receive(frame, on: self)
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
        requests?.fail(error)
        writerGoesOn(error)
        guard phase == .running else {
            report(error)
            return leave()
        }
        isOrphan = true
        server.orphansChanged(by: 1)
        worker?.cancel()
    }

    func drained(_ call: FrameCall) { writerGoesOn() }

    // MARK: Requests

    /// The handler cannot begin before its request is whole.
    var isWaitingForRequest: Bool { requests == nil && phase == .gathering }

    private func receive(_ payload: UnsafeRawBufferPointer, more: Bool) throws {
        let cost = PayloadCost.of(payload.count)
        if let requests {
            if !requests.append(payload, more: more, cost: cost) { release(cost) }
            if let error = requests.error { throw error }
            return
        }
        guard phase == .gathering else {
            throw RPCError.invalidArgument("REQUEST_REPEATED", "This method takes one request message.")
        }
        request = try assembly.add(payload, more: more) { try decode($0, context.arena) }
        release(cost)
        if request != nil { run() }
    }

    private func receiveEnd() throws {
        if let requests { return requests.end() }
        guard phase == .gathering else { return }
        guard !assembly.isPartial else {
            throw RPCError.invalidArgument("REQUEST_INCOMPLETE", "The call ended inside its request message.")
        }
        // An empty message may be left out: all of its fields are absent.
        request = try decode(UnsafeRawBufferPointer(start: nil, count: 0), context.arena)
        run()
    }

    func decode(_ bytes: UnsafeRawBufferPointer, _ arena: Arena) throws -> Message {
        do {
            return try WireCodec.decode(bytes, as: route.method.request, arena: arena)
        } catch {
            throw RPCError.requestMalformed(error, route.method.request)
        }
    }

    // MARK: Running

    /// The request is whole, or a stream of requests begins.
    private func run() {
        requestDue = .never
        phase = .waiting
        do {
            if !server.config.interceptors.isEmpty { try admit() }
            if let scheduler = server.scheduler { try scheduler.take(self) } else { start() }
        } catch {
            handlerFailed(RPCError(masking: error))
            leave()
        }
    }

    /// It is the call's turn: its handler begins as soon as a worker comes to it.
    func start() {
        beganNanoseconds = server.loop.now
        server.workers.serve(self)
    }

    /// Runs the handler and sends what comes of it. The frames of these functions are kept small, so that a unary call fits into what
    /// a task has reserved at its start.
    func serve(on worker: CallWorker) async {
        // The caller may have given up in the meantime.
        guard phase == .waiting else { return }
        phase = .running
        self.worker = worker
        worker.noteBegin()
        beganNanoseconds = server.loop.now
        context.handlerNanoseconds = beganNanoseconds
        do {
            if server.config.accountsWork { try await handleAccounted() } else { try await handle() }
        } catch {
            onLoop { self.handlerFailed(RPCError(masking: error)) }
        }
        onLoop { self.leave() }
    }

    @inline(never) private func handleAccounted() async throws {
        try await CurrentWork.$account.withValue(context) { try await handle() }
    }

    private func handle() async throws {
        guard case .unary(let handler) = route.handler else { return try await handleOthers() }
        answer(try await handler(takeRequest(), context))
    }

    @inline(never) private func handleOthers() async throws {
        switch route.handler {
        case .unary: preconditionFailure("handled where unary calls are")
        case .unaryEncoded(let handler): answer(encoded: try await handler(takeRequest(), context))
        case .serverStreaming(let handler):
            try await handler(takeRequest(), MessageWriter(self, arena: takeArena()), context)
            answer(nil)
        case .clientStreaming(let handler):
            answer(try await handler(MessageReader(self, arena: takeArena()), context))
        case .bidirectional(let handler):
            try await handler(
                MessageReader(self, arena: takeArena()), MessageWriter(self, arena: takeArena()), context)
            answer(nil)
        }
    }

    private func takeRequest() -> Message {
        guard let request = request.take() else {
            preconditionFailure("a handler with one request runs once that has come")
        }
        return request
    }

    /// The task runs on the loop; a handler that was misled to another executor must not touch the connection from there.
    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if server.loop.isCurrent { body() } else { server.loop.execute(body) }
    }

    private func admit() throws {
        for interceptor in server.config.interceptors {
            admittedCount += 1
            try interceptor.admit(context)
        }
    }

    /// Sends the answer and the status. Nil: the messages have been sent before.
    private func answer(_ message: Message?) {
        guard server.loop.isCurrent else {
            return server.loop.execute { self.answer(message) }
        }
        guard let message, !isEnded else {
            report(nil)
            return finish(nil, budget: context.extraCost)
        }
        let bytes = WireCodec.encodedSize(message)
        if let error = refusal(ofTextsIn: message) { return handlerFailed(error) }
        answer(bytes: bytes) { frame in transmit(message, bytes: bytes, in: frame) }
    }

    /// Sends an answer that is encoded already, and the status.
    private func answer(encoded message: [UInt8]) {
        guard server.loop.isCurrent else {
            return server.loop.execute { self.answer(encoded: message) }
        }
        guard !isEnded else { return answer(nil) }
        answer(bytes: message.count) { frame in
            message.withUnsafeBytes { payload in
                var frame = frame
                frame.payload = payload
                transmit(frame)
            }
        }
    }

    /// Sends an answer of so many bytes with the frame of header and status.
    private func answer(bytes: Int, _ send: (FrameView) -> Void) {
        if let error = refusal(ofMessageBytes: bytes) ?? protocolRefusal(bytes) { return handlerFailed(error) }
        report(nil)
        let status =
            context.extraCost.map { CallStatus(budget: $0).encoded() } ?? CallStatus.okBytes
        withOptionalBytes(header(), status, nil, nil) { header, status, _, _ in
            var frame = FrameView(callID: id)
            frame.header = header
            frame.status = status
            send(frame)
        }
    }

    /// Why the message cannot be sent.
    func refusal(of message: Message, _ bytes: Int) -> RPCError? {
        refusal(ofTextsIn: message) ?? refusal(ofMessageBytes: bytes)
    }

    private func refusal(ofTextsIn message: Message) -> RPCError? {
        do {
            try message.checkTexts()
            return nil
        } catch {
            return RPCError(masking: error)
        }
    }

    /// Anybody may ask for these answers without a session, and then not take them.
    private func protocolRefusal(_ bytes: Int) -> RPCError? {
        guard route.isOfProtocol, let link, !canSend(payloadBytes: bytes, link),
            link.queuedBytes + bytes > server.config.limits.protocolUnsentBytesMax
        else { return nil }
        return ServerLimits.answerNotTaken
    }

    private func handlerFailed(_ error: RPCError) {
        report(error)
        finish(error, budget: context.extraCost)
    }

    /// The caller sent something that cannot be served.
    private func refuse(_ error: RPCError) {
        guard !isEnded else { return }
        server.config.observer.callRefused(reason: error.reason)
        guard phase == .running else {
            report(error)
            finish(error)
            return leave()
        }
        abandon(error, tellCaller: true)
    }

    /// Tells the interceptors, once.
    private func report(_ error: RPCError?) {
        guard admittedCount > 0 else { return }
        context.loopNanoseconds = worker?.callNanoseconds ?? 0
        let outcome = CallOutcome(
            error: failure ?? error, durationNanoseconds: MonotonicTime.now() &- context.startNanoseconds)
        for interceptor in server.config.interceptors.prefix(admittedCount).reversed() {
            interceptor.finish(context, outcome)
        }
        admittedCount = 0
    }

    /// The call is over on this side: gives back what it has borrowed.
    private func leave() {
        guard phase != .done else { return }
        phase = .done
        worker = nil
        server.scheduler?.leave(self)
        server.arenas.give(context.arena)
        for arena in streamArenas { server.arenas.give(arena) }
        streamArenas = []
        if isOrphan { server.orphansChanged(by: -1) }
    }

    private func takeArena() -> Arena {
        let arena = server.arenas.take()
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
