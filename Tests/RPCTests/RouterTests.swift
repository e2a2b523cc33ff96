import CEnvelope
import Logging
import RPC
import Synchronization
import Testing
import Wire

@Suite struct RouterTests {
    private static let detail = MessageDescriptor(steward_rpc_v1_detail_descriptor())

    private func method(_ path: String, _ kind: MethodDefinition.Kind = .unary) -> MethodDefinition {
        MethodDefinition(path: path, request: Self.detail, response: Self.detail, kind: kind)
    }

    private func find(_ table: RouteTable, _ path: String) -> String? {
        Array(path.utf8).withUnsafeBytes { table.find($0)?.method.path }
    }

    @Test func findsEveryRouteAndNothingElse() {
        var router = Router()
        for service in 0..<30 {
            for name in 0..<20 { router.unary(method("a.v1.S\(service)/M\(name)")) { request, _ in request } }
        }
        let table = RouteTable(router)
        for path in router.methods.map(\.path) { #expect(find(table, path) == path) }
        for path in ["", "a.v1.S0", "a.v1.S0/", "a.v1.S0/M20", "a.v1.S0/M1 ", "A.v1.S0/M1"] {
            #expect(find(table, path) == nil)
        }
    }

    @Test func tellsUnknownServicesFromUnknownMethods() {
        var router = Router()
        router.unary(method("a.v1.S/M")) { request, _ in request }
        let table = RouteTable(router)
        let reasons = ["a.v1.S/N", "a.v1.T/M", "x"].map { path in
            Array(path.utf8).withUnsafeBytes { table.unknown($0).reason }
        }
        #expect(reasons == ["METHOD_UNKNOWN", "SERVICE_UNKNOWN", "SERVICE_UNKNOWN"])
    }

    @Test func verbsTellWhatIsIdempotentAndEndless() {
        #expect(method("a.S/GetAccount").isIdempotent)
        #expect(method("a.S/BatchGetAccounts").isIdempotent)
        #expect(method("a.S/List").isIdempotent)
        #expect(!method("a.S/GetawayCar").isIdempotent)
        #expect(!method("a.S/CreateAccount").isIdempotent)
        #expect(method("a.S/WatchPolicies", .serverStreaming).isEndless)
        #expect(!method("a.S/ExportAccounts", .serverStreaming).isEndless)
        #expect(method("a.b.v1.S/GetX").service == "a.b.v1.S")
        #expect(method("a.b.v1.S/GetX").name == "GetX")
    }
}

@Suite struct BuiltinTests {
    private let request = MessageDescriptor(steward_rpc_v1_check_health_request_descriptor())
    private let response = MessageDescriptor(steward_rpc_v1_check_health_response_descriptor())

    private func health() -> (HealthReporter, Router.Handler) {
        let reporter = HealthReporter(
            check: MethodDefinition(
                path: "h.H/CheckHealth", request: request, response: response, kind: .unary),
            watch: MethodDefinition(
                path: "h.H/WatchHealth",
                request: MessageDescriptor(steward_rpc_v1_watch_health_request_descriptor()),
                response: MessageDescriptor(steward_rpc_v1_watch_health_response_descriptor()),
                kind: .serverStreaming))
        var router = Router()
        reporter.register(on: &router)
        let route = Array("h.H/CheckHealth".utf8).withUnsafeBytes { RouteTable(router).find($0) }
        return (reporter, route!.handler)
    }

    private func state(_ handler: Router.Handler, _ service: String?) async throws -> Int32 {
        guard case .unary(let body) = handler else { return -1 }
        let arena = Arena()
        let message = Message.make(request, in: arena)
        if let service { message.setString(request.field("service")!, service) }
        let method = MethodDefinition(
            path: "h.H/CheckHealth", request: request, response: response, kind: .unary)
        let context = CallContext(
            method: method, deadline: .never, trace: .make(),
            connection: ConnectionContext(peer: .client(address: "test")), arena: arena, startNanoseconds: 0)
        return try await body(message, context).int32(response.field("state")!)
    }

    @Test func healthFollowsWhatIsReported() async throws {
        let (reporter, handler) = health()
        #expect(try await state(handler, nil) == 2)
        reporter.set(isServing: true)
        #expect(try await state(handler, nil) == 1)
        reporter.set(isServing: false, service: "a.S")
        #expect(try await state(handler, "a.S") == 2)
        await #expect(throws: RPCError.self) { _ = try await state(handler, "b.S") }
    }

    @Test func sessionsAreRequired() {
        let method = MethodDefinition(
            path: "h.H/CheckHealth", request: request, response: response, kind: .unary)
        let context = CallContext(
            method: method, deadline: .never, trace: .make(),
            connection: ConnectionContext(peer: .client(address: "test")), arena: Arena(), startNanoseconds: 0)
        let error = #expect(throws: RPCError.self) { try context.requireTenantActor() }
        #expect(error?.code == .unauthenticated && error?.reason == "SESSION_REQUIRED")
        let ran = Atomic<Int>(0)
        context.onCancel { ran.wrappingAdd(1, ordering: .relaxed) }
        context.cancel()
        context.cancel()
        context.onCancel { ran.wrappingAdd(10, ordering: .relaxed) }
        #expect(context.isCancelled && ran.load(ordering: .relaxed) == 11)
    }
}
