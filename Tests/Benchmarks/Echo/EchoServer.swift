import CEnvelope
import Logging
import RPC
import RPCTransport
import Reactor
import TLSTransport
import Tenancy
import Wire

/// Lets everything pass.
private struct EmptyInterceptor: Interceptor {
    func admit(_ context: CallContext) throws {}
    func finish(_ context: CallContext, _ outcome: CallOutcome) {}
}

/// One method that answers with its request, and the streams of `StreamMethods`.
enum EchoServer {
    static let logger = Logger(label: "steward-echo") { _ in SwiftLogNoOpLogHandler() }

    /// Its message is steward.rpc.v1.Detail: two strings.
    private static var method: MethodDefinition {
        let detail = MessageDescriptor(steward_rpc_v1_detail_descriptor())
        return MethodDefinition(
            path: "steward.bench.v1.EchoService/Echo", request: detail, response: detail, kind: .unary)
    }

    static func make(_ folder: Folder, _ interceptorCount: String, isForPrograms: Bool) throws -> RPCServer {
        var router = Router()
        router.unary(method) { request, _ in request }
        StreamMethods.add(to: &router)
        let interceptors: [any Interceptor] = (0..<(Int(interceptorCount) ?? 0)).map { _ in EmptyInterceptor()
        }
        return RPCServer(
            loops: try EventLoopGroup(count: 1), address: try SocketAddress("127.0.0.1:0"),
            tls: try .server(folder.settings("server", verify: isForPrograms ? .required : .none)),
            router: router, interceptors: interceptors,
            peers: isForPrograms ? .programs([.gateway]) : .anyone,
            limits: isForPrograms ? .forPrograms : ServerLimits(), agent: "steward-echo", logger: logger)
    }
}
