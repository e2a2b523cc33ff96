package import Logging
package import RPC
import Reactor
package import Tenancy
import Wire

/// Calls a router in the same process, as its server would.
package struct LocalChannel: RPCChannel {
    private let routes: RouteTable
    private let caller: Caller?
    private let requestID: String?
    private let address: String
    private let peer: Peer
    /// How long its calls have been under way already.
    private let age: Duration
    private let logger: Logger

    package init(
        routes: RouteTable, caller: Caller?, requestID: String? = nil, address: String = "test",
        peer: Peer = .program(.gateway), age: Duration = .zero, logger: Logger
    ) {
        self.routes = routes
        self.caller = caller
        self.requestID = requestID
        self.address = address
        self.peer = peer
        self.age = age
        self.logger = logger
    }

    package func unary(
        _ method: MethodDefinition, _ request: [UInt8], _ options: CallOptions
    ) async throws(RPCError) -> [UInt8] {
        do {
            let route = Array(method.path.utf8).withUnsafeBytes { routes.find($0) }
            let context = context(method, requestID: options.requestID)
            let message = try request.withUnsafeBytes {
                try WireCodec.decode($0, as: method.request, arena: context.arena)
            }
            guard let answer = try await route?.answer(message, context) else {
                throw RPCError.unimplemented("KIND", method.path)
            }
            return answer
        } catch {
            throw RPCError(masking: error)
        }
    }

    /// What the server knows of a call.
    func context(_ method: MethodDefinition, requestID: String? = nil) -> CallContext {
        var metadata = Metadata()
        metadata.append("steward-client-address", address)
        let context = CallContext(
            method: method, deadline: .after(.seconds(20)), requestID: requestID ?? self.requestID,
            metadata: metadata, trace: .make(), connection: ConnectionContext(peer: peer, logger: logger),
            arena: Arena(), startNanoseconds: MonotonicTime.now() - age.nanosecondsClamped)
        context.caller = caller
        return context
    }

    package func open(_ method: MethodDefinition, _ options: CallOptions) async throws(RPCError) -> any ClientCall {
        let route = Array(method.path.utf8).withUnsafeBytes { routes.find($0) }
        guard let route else { throw RPCError.unimplemented("METHOD_UNKNOWN", method.path) }
        return LocalCall(route, context(method, requestID: options.requestID))
    }
}
