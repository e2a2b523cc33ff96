import InteropContracts
import RPC
import RPCTransport
import Wire

extension SwiftClient {
    /// Text with white space at its ends, and characters of two, three and four bytes.
    static let specialText = " \t½ Größe: π ≈ 22/7\r\n漢字 😀\n "

    /// How calls end: status, deadline, cancellation.
    static let endCases: [String: Case] = [
        "status": { world in
            let outcome = Outcome(code: 2, message: "asked for", reason: "WANTED")
            try await expectUnary(world, .unknown, "WANTED", outcome)
            let call = try await world.service().fullDuplexCall(options: world.options())
            try await call.send(FullDuplexCallRequest(outcome: outcome))
            let error = try await expectError(.unknown, "WANTED") { _ = try await call.next() }
            try expect("the message", error.message, "asked for")
        },
        "status_every_code": { world in
            let service = try world.service()
            for code in Int32(1)...16 {
                let outcome = Outcome(code: code, message: "code \(code)", reason: "CODE")
                try await expectError(StatusCode(rawValue: code), "CODE") {
                    _ = try await service.unaryCall(UnaryCallRequest(outcome: outcome), options: world.options())
                }
            }
        },
        "status_special_text": { world in
            let outcome = Outcome(code: 2, message: specialText, reason: "WANTED")
            let error = try await expectUnary(world, .unknown, "WANTED", outcome)
            try expect("the message", error.message, specialText)
        },
        "status_details": { world in
            let outcome = Outcome(
                code: 3, message: "two fields", reason: "TOO_LONG",
                details: [Detail(key: "length", value: "12"), Detail(key: "limit", value: "10")],
                violations: [
                    Violation(field: "body", reason: "TOO_LONG", description: "12 of 10"),
                    Violation(field: "key", reason: "REQUIRED", description: "missing"),
                ], retryMs: 1_500)
            let error = try await expectUnary(world, .invalidArgument, "TOO_LONG", outcome)
            try expect("the domain", error.domain, "interop")
            try expect("the details", error.details.map { "\($0.key)=\($0.value)" }, ["length=12", "limit=10"])
            try expect("the fields", error.fieldViolations.map(\.field), ["body", "key"])
            try expect("the reasons", error.fieldViolations.map(\.reason), ["TOO_LONG", "REQUIRED"])
            try expect("the descriptions", error.fieldViolations.map(\.description), ["12 of 10", "missing"])
            try expect("the delay", error.retryDelay, .milliseconds(1_500))
        },
        "status_after_messages": { world in
            let stream = try await world.service().streamingOutputCall(
                StreamingOutputCallRequest(responseSizes: [1, 2, 3], outcome: Outcome(code: 5, reason: "GONE")),
                options: world.options())
            var count = 0
            try await expectError(.notFound, "GONE") { for try await _ in stream { count += 1 } }
            try expect("the messages before", count, 3)
        },
        "unknown_method": { world in
            try await expectError(.unimplemented, "METHOD_UNKNOWN") {
                _ = try await world.service().unimplementedCall(
                    UnimplementedCallRequest(), options: world.options())
            }
        },
        "unknown_service": { world in
            let method = MethodDefinition(
                path: "steward.interop.v1.Nowhere/EmptyCall", request: EmptyCallRequest.descriptor,
                response: EmptyCallResponse.descriptor, kind: .unary)
            try await expectError(.unimplemented, "SERVICE_UNKNOWN") {
                _ = try await world.client().unary(method, [], world.options())
            }
        },
        "deadline_unary": { world in
            let service = try world.service()
            _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
            let key = world.key()
            try await expectError(.deadlineExceeded, "DEADLINE_EXCEEDED") {
                _ = try await service.unaryCall(
                    UnaryCallRequest(holdMs: 60_000, key: key), options: world.options(timeout: .milliseconds(300)))
            }
            try await expectCancelled(service, key, world)
        },
        "deadline_stream": { world in
            let service = try world.service()
            _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
            let key = world.key()
            let stream = try await service.streamingOutputCall(
                StreamingOutputCallRequest(responseSizes: [1], stay: true, key: key),
                options: world.options(timeout: .milliseconds(300)))
            try expect("the first message", try await stream.next()?.body?.count, 1)
            try await expectError(.deadlineExceeded, "DEADLINE_EXCEEDED") { _ = try await stream.next() }
            try await expectCancelled(service, key, world)
        },
        "cancel_before_answer": { world in
            let service = try world.service()
            let key = world.key()
            let call = Task {
                try await service.unaryCall(UnaryCallRequest(holdMs: 60_000, key: key), options: world.options())
            }
            _ = try await service.reportCall(
                ReportCallRequest(key: key, awaitBegin: true), options: world.options())
            call.cancel()
            try await expectError(.cancelled) { _ = try await call.value }
            try await expectCancelled(service, key, world)
        },
        "cancel_after_answer": { world in
            let service = try world.service()
            let key = world.key()
            let call = try await service.fullDuplexCall(options: world.options())
            try await call.send(FullDuplexCallRequest(responseSizes: [9], key: key))
            try expect("the first message", try await call.next()?.body?.count, 9)
            call.cancel()
            try await expectError(.cancelled) { _ = try await call.next() }
            try await expectCancelled(service, key, world)
        },
    ]

    /// The handler of the call has learnt that nobody waits for it.
    private static func expectCancelled(_ service: TestServiceClient, _ key: String, _ world: CaseWorld) async throws {
        let report = try await service.reportCall(
            ReportCallRequest(key: key, awaitCancel: true), options: world.options())
        try expect("the handler's cancellation", report.cancelled, true)
    }

    @discardableResult
    private static func expectUnary(
        _ world: CaseWorld, _ code: StatusCode, _ reason: String, _ outcome: Outcome
    ) async throws -> RPCError {
        try await expectError(code, reason) {
            _ = try await world.service().unaryCall(UnaryCallRequest(outcome: outcome), options: world.options())
        }
    }
}
