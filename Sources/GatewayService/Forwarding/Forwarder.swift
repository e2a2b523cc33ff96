import Contracts
import RPC
import RPCTransport
import Reactor
import ServiceHost
import Tenancy

/// Passes the calls of thin clients on to the programs that serve them. Looks at the name of the method and at nothing of
/// the application messages.
struct Forwarder: Sendable {
    let destinations: DestinationTable
    let clients: [ServiceName: RPCClient]
    let metrics: ForwardMetrics
    let openCalls: OpenCalls
    let tracing: Tracing
    /// Bounds the calls without a tenant that are recorded because their clients say so.
    let sampling: SamplingBudget
    let log: ForwardLog

    /// A program, the way to it, and what the call costs.
    private struct Target: Sendable {
        let service: ServiceName
        let client: RPCClient
        let cost: UInt32
    }

    /// Takes a call that the gateway does not serve itself. On the loop of its connection.
    func take(_ call: InboundCall, _ frame: FrameView) {
        do {
            guard let bytes = frame.start else { return }
            let start = try StartView(parsing: bytes)
            guard let destination = destinations.find(start.method), let client = clients[destination.service] else {
                throw Self.unknownService(start.method)
            }
            let target = Target(service: destination.service, client: client, cost: destination.cost)
            guard destination.needsSession else {
                return takeOpen(call, frame, start, target)
            }
            try takeInSession(call, frame, start, target)
        } catch {
            call.turnAway(RPCError(masking: error))
        }
    }

    /// A call that opens a session. It is passed on when its request is whole.
    private func takeOpen(_ call: InboundCall, _ frame: FrameView, _ start: StartView, _ target: Target) {
        let (openCalls, connection) = (openCalls, call.connection.id)
        let network = ClientAddress.network(call.connection.remoteAddress)
        guard openCalls.enter(connection) else { return refuse(call, OpenCalls.refusal) }
        let request = OpenRequest(start) { whole, start in
            guard openCalls.beginPassing(from: network) else {
                openCalls.leave(connection)
                return refuse(call, OpenCalls.refusal)
            }
            pass(call, whole, start, to: target, token: nil, sampling) { end in
                Self.afterPenalty(end.code) {
                    openCalls.endPassing(from: network)
                    openCalls.leave(connection)
                }
                return nil
            }
        } onFailure: {
            openCalls.leave(connection)
        }
        call.receiver = request
        request.receive(frame, on: call)
    }

    /// At once for a call that was answered, later for one that the client gave up.
    private static func afterPenalty(_ code: StatusCode, _ action: @escaping @Sendable () -> Void) {
        guard code == .cancelled || code == .deadlineExceeded, let loop = EventLoop.current else { return action() }
        loop.schedule(after: OpenCalls.penalty, action)
    }

    private func takeInSession(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, _ target: Target
    ) throws {
        guard let binding = (call.connection.attachment as? AttachedSession)?.binding, let loop = EventLoop.current
        else {
            throw Self.sessionRequired
        }
        if let token = try binding.presentToken(on: loop) {
            return relay(call, frame, start, to: target, token: token, binding)
        }
        let held = HeldCall(start: start, first: frame)
        call.receiver = held
        binding.whenRenewed(on: loop) { result in
            switch result {
            case .success(let token):
                held.resume(call) { frame, start in
                    relay(call, frame, start, to: target, token: token, binding)
                }
            case .failure(let error):
                call.turnAway(error)
            }
        }
    }

    private func relay(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, to target: Target, token: CallerTokenBytes?,
        _ binding: SessionBinding
    ) {
        if call.isEndless { binding.follow(call) }
        guard let account = binding.account else {
            return pass(call, frame, start, to: target, token: token, sampling) { _ in
                binding.leave(call)
                return nil
            }
        }
        let cost = target.cost
        do {
            try account.begin(cost: cost, now: MonotonicTime.now())
        } catch {
            binding.leave(call)
            return refuse(call, error)
        }
        pass(call, frame, start, to: target, token: token, account.sampling) { end in
            binding.leave(call)
            return account.end(taken: cost, cost: end.cost, now: MonotonicTime.now())
        }
    }

    private func refuse(_ call: InboundCall, _ error: RPCError) {
        metrics.refused(reason: error.reason)
        call.turnAway(error)
    }

    private func pass(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, to target: Target, token: CallerTokenBytes?,
        _ sampling: SamplingBudget, onEnd: @escaping @Sendable (RelayEnd) -> Budget?
    ) {
        let passing = PassedCall(start, target.service, call, self, sampling)
        metrics.began()
        let ended: @Sendable (RelayEnd) -> Budget? = { end in
            passing.ended(end)
            return onEnd(end)
        }
        var start = start
        if !passing.hasParent { start.traceState = nil }
        let address = ClientAddress.entry(call.connection.remoteAddress)
        let metadata = (start.metadata.map { Array($0) } ?? []) + address
        passing.callTrace.withTraceParent { traceParent in
            start.traceParent = traceParent
            metadata.withUnsafeBytes { metadata in
                start.metadata = metadata
                guard let token else {
                    return CallRelay.start(call, first: frame, start: start, client: target.client, onEnd: ended)
                }
                token.encoded.withUnsafeBytes { caller in
                    start.caller = caller
                    CallRelay.start(call, first: frame, start: start, client: target.client, onEnd: ended)
                }
            }
        }
    }

    private static func unknownService(_ method: UnsafeRawBufferPointer) -> RPCError {
        let name = String(decoding: method.prefix(256), as: UTF8.self)
        return RPCError(
            .unimplemented, reason: "SERVICE_UNKNOWN", domain: "gateway",
            "No service offers \(name). ReflectionService/ListServices names those there are.",
            details: [(key: "method", value: name)])
    }

    private static let sessionRequired = RPCError.unauthenticated(
        "SESSION_REQUIRED",
        "This method needs a session: sign in with AuthenticationService/SignIn, then call SessionService/AttachSession.",
        domain: "gateway")
}
