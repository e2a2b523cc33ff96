import InteropContracts
import RPC
import RPCTransport
import Wire

extension SwiftClient {
    /// One message each way.
    static let unaryCases: [String: Case] = [
        "empty_unary": { world in
            _ = try await world.service().emptyCall(EmptyCallRequest(), options: world.options())
        },
        "large_unary": { world in try await exchange(world, 271_828, 314_159) },
        "huge_unary": { world in try await exchange(world, 3_000_000, 3_100_000) },
        "small_frames": { world in
            var limits = ClientLimits()
            limits.link.frameBytesMax = 16_384
            try await exchange(world, 271_828, 314_159, limits)
            let text = String(repeating: "y", count: 900)
            let error = try await expectError(.aborted, "LONG") {
                _ = try await world.service(limits).unaryCall(
                    UnaryCallRequest(
                        outcome: Outcome(
                            code: 10, message: text, reason: "LONG",
                            details: (0..<10).map { Detail(key: "key_\($0)", value: text) })),
                    options: world.options())
            }
            try expect("the details", error.details.count, 10)
        },
        "metadata_unary": { world in
            let answer = try await RawCall.run(
                world, TestServiceMethods.unaryCall, UnaryCallRequest(responseSize: 8).encoded(), echoMetadata)
            try expect("the header", answer.header, echoed)
            try expect("the error", answer.error?.reason, nil)
        },
        "metadata_refused": { world in
            let service = try world.service()
            var metadata = Metadata()
            metadata.append("steward-mine", "x")
            try await expectError(.invalidArgument, "METADATA_KEY_INVALID") {
                _ = try await service.emptyCall(EmptyCallRequest(), options: world.options(metadata: metadata))
            }
            metadata = Metadata()
            metadata.append("long", [UInt8](repeating: 0, count: 8_193))
            try await expectError(.resourceExhausted, "METADATA_TOO_LONG") {
                _ = try await service.emptyCall(EmptyCallRequest(), options: world.options(metadata: metadata))
            }
            _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
        },
        "request_id": { world in
            let options = world.options(requestID: "0197-order-7")
            let answer = try await world.service().unaryCall(UnaryCallRequest(), options: options)
            try expect("the request id", answer.requestID, "0197-order-7")
            try await expectError(.invalidArgument, "REQUEST_ID_INVALID") {
                _ = try await world.service().emptyCall(
                    EmptyCallRequest(), options: world.options(requestID: "with space"))
            }
        },
        "trace": { world in
            var options = world.options()
            options.trace = TraceContext(
                traceHigh: 0x0af7_6519_16cd_43dd, traceLow: 0x8448_eb21_1c80_319c, spanID: 0xb7ad_6b71_6920_3331,
                isSampled: true)
            let answer = try await world.service().unaryCall(UnaryCallRequest(), options: options)
            try expect("the trace", answer.traceID, "0af7651916cd43dd8448eb211c80319c")
        },
        "many_calls": { world in
            let service = try world.service()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for index in 0..<100 {
                    tasks.addTask {
                        let answer = try await service.unaryCall(
                            UnaryCallRequest(responseSize: Int32(index * 100), holdMs: Int64((99 - index) % 10)),
                            options: world.options())
                        try expect("the body", answer.body?.count, index * 100)
                    }
                }
                try await tasks.waitForAll()
            }
        },
        "request_too_long": { world in
            let port = try await world.startServer(StartServerRequest(messageBytesMax: 100_000))
            let service = try world.service(port: port)
            _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
            try await expectError(.resourceExhausted, "MESSAGE_TOO_LONG") {
                _ = try await service.unaryCall(
                    UnaryCallRequest(body: [UInt8](repeating: 0, count: 100_001)), options: world.options())
            }
            _ = try await service.emptyCall(EmptyCallRequest(), options: world.options())
        },
        "answer_too_long": { world in
            var limits = ClientLimits()
            limits.link.messageBytesMax = 65_536
            let service = try world.service(limits)
            try await expectError(.resourceExhausted, "ANSWER_TOO_LARGE") {
                _ = try await service.unaryCall(UnaryCallRequest(responseSize: 65_536), options: world.options())
            }
            _ = try await service.unaryCall(UnaryCallRequest(responseSize: 65_000), options: world.options())
        },
    ]

    /// Metadata that the server sends back, text and bytes.
    static let echoMetadata: Metadata = {
        var metadata = echoed
        metadata.append("kept-there", "x")
        return metadata
    }()

    static let echoed: Metadata = {
        var metadata = Metadata()
        metadata.append("echo-text", "tést")
        metadata.append("echo-bytes", [0xab, 0, 0xff])
        return metadata
    }()

    private static func exchange(
        _ world: CaseWorld, _ requestSize: Int, _ responseSize: Int32, _ limits: ClientLimits = ClientLimits()
    ) async throws {
        let answer = try await world.service(limits).unaryCall(
            UnaryCallRequest(body: [UInt8](repeating: 0, count: requestSize), responseSize: responseSize),
            options: world.options())
        try expect("the request's length", answer.requestSize, Int32(requestSize))
        try expect("the answer's length", answer.body?.count, Int(responseSize))
    }
}
