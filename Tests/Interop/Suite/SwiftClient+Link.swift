import InteropContracts
import RPC
import RPCTransport

extension SwiftClient {
    /// What concerns the connection as a whole.
    static let linkCases: [String: Case] = [
        "go_away_during_call": { world in
            let port = try await world.startServer()
            let service = try world.service(port: port)
            let call = try await service.fullDuplexCall(options: world.options())
            try await call.send(FullDuplexCallRequest(responseSizes: [1]))
            try expect("the first message", try await call.next()?.body?.count, 1)
            _ = try await service.drainServer(DrainServerRequest(), options: world.options())
            try await expectNoNewCalls(service, world)
            try await call.send(FullDuplexCallRequest(responseSizes: [2]))
            try expect("the second message", try await call.next()?.body?.count, 2)
            try await call.finish()
            try expect("what comes last", try await call.next(), nil)
        },
        "go_away_ends_watch": { world in
            let service = try world.service(port: try await world.startServer())
            let watch = try await service.watchCall(WatchCallRequest(), options: world.options())
            try expect("the first message", try await watch.next(), WatchCallResponse())
            _ = try await service.drainServer(DrainServerRequest(), options: world.options())
            try await expectError(.unavailable, "DRAINING") { _ = try await watch.next() }
        },
        "keepalive": { world in
            let port = try await world.startServer(StartServerRequest(pingMs: 200))
            _ = try await world.service(port: port).unaryCall(
                UnaryCallRequest(holdMs: 3_000), options: world.options())
        },
    ]

    /// The server has announced that it takes no more calls; one under way meanwhile may still be answered.
    private static func expectNoNewCalls(_ service: TestServiceClient, _ world: CaseWorld) async throws {
        for _ in 0..<100 {
            do {
                _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
            } catch {
                return try expect("the code of \(error)", error.code, .unavailable)
            }
        }
        throw CaseFailure(description: "the server goes down and still takes calls")
    }
}
