import Contracts
import RPC
import RPCTransport
import Reactor
import ServiceHost
import Tenancy

/// Passes the calls of thin clients on to the programs that serve them. Looks at the name of the method and at nothing of
/// the application messages.
struct Forwarder: Sendable {
    let clients: [ServiceName: RPCClient]
    let tenantCalls: TenantCalls

    /// Takes a call that the gateway does not serve itself. On the loop of its connection.
    func take(_ call: InboundCall, _ frame: FrameView) {
        do {
            guard let bytes = frame.start else { return }
            let start = try StartView(parsing: bytes)
            guard let service = Destination.service(ofMethod: start.method), let client = clients[service] else {
                throw Self.unknownService(start.method)
            }
            guard Destination.needsSession(method: start.method) else {
                return relay(call, frame, start, to: client, token: nil, tenant: nil)
            }
            try takeInSession(call, frame, start, client)
        } catch {
            call.finish(RPCError(masking: error))
        }
    }

    private func takeInSession(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, _ client: RPCClient
    ) throws {
        guard let binding = (call.connection.attachment as? AttachedSession)?.binding, let loop = EventLoop.current
        else {
            throw Self.sessionRequired
        }
        if let token = try binding.presentToken(on: loop) {
            return relay(call, frame, start, to: client, token: token, tenant: binding.tenantID)
        }
        let held = HeldCall(start: start, first: frame)
        call.receiver = held
        binding.whenRenewed(on: loop) { result in
            switch result {
            case .success(let token):
                held.resume(call) { frame, start in
                    relay(call, frame, start, to: client, token: token, tenant: binding.tenantID)
                }
            case .failure(let error):
                call.finish(error)
            }
        }
    }

    private func relay(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, to client: RPCClient, token: CallerTokenBytes?,
        tenant: TenantID?
    ) {
        guard let tenant else { return pass(call, frame, start, to: client, token: token, onEnd: {}) }
        guard tenantCalls.enter(tenant) else {
            tenantCalls.leave(tenant)
            return call.finish(tenantCalls.refusal)
        }
        pass(call, frame, start, to: client, token: token) { tenantCalls.leave(tenant) }
    }

    private func pass(
        _ call: InboundCall, _ frame: FrameView, _ start: StartView, to client: RPCClient, token: CallerTokenBytes?,
        onEnd: @escaping @Sendable () -> Void
    ) {
        var start = start
        let address = ClientAddress.entry(call.connection.remoteAddress)
        let metadata = (start.metadata.map { Array($0) } ?? []) + address
        metadata.withUnsafeBytes { metadata in
            start.metadata = metadata
            guard let token else {
                return CallRelay.start(call, first: frame, start: start, client: client) { _ in onEnd() }
            }
            token.encoded.withUnsafeBytes { caller in
                start.caller = caller
                CallRelay.start(call, first: frame, start: start, client: client) { _ in onEnd() }
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
