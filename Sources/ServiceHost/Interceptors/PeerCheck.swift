import RPC
import Tenancy

/// Lets only those programs call a service that `Topology` names. The certificate of the connection says who calls.
struct PeerCheck: Interceptor {
    private let allowed: [String: Set<ServiceName>]

    init(methods: [MethodDefinition]) {
        allowed = Dictionary(
            methods.map { ($0.service, Topology.callers(ofService: $0.service)) },
            uniquingKeysWith: { first, _ in first })
    }

    func admit(_ context: CallContext) throws {
        guard case .program(let name) = context.peer, allowed[context.method.service]?.contains(name) == true
        else {
            throw RPCError.permissionDenied(
                "PEER_NOT_ALLOWED", "\(context.peer) may not call \(context.method.service).",
                details: [("peer", "\(context.peer)"), ("service", context.method.service)])
        }
    }
}
