import InteropContracts
import RPC
import RPCTransport
import Wire

extension SwiftClient {
    static let uploadSizes = [27_182, 8, 1_828, 45_904]
    static let downloadSizes: [Int32] = [31_415, 9, 2_653, 58_979]

    /// More than one message, in one direction or both.
    static let streamCases: [String: Case] = [
        "client_streaming": { world in
            let call = try await world.service().streamingInputCall(options: world.options())
            for size in uploadSizes {
                try await call.send(StreamingInputCallRequest(body: [UInt8](repeating: 0, count: size)))
            }
            let answer = try await call.finish()
            try expect("the answer", answer, StreamingInputCallResponse(count: 4, size: 74_922))
        },
        "server_streaming": { world in
            let stream = try await world.service().streamingOutputCall(
                StreamingOutputCallRequest(responseSizes: downloadSizes), options: world.options())
            var sizes: [Int] = []
            for try await message in stream { sizes.append(message.body?.count ?? 0) }
            try expect("the lengths", sizes, downloadSizes.map(Int.init))
        },
        "ping_pong": { world in
            let call = try await world.service().fullDuplexCall(options: world.options())
            for (size, answerSize) in zip(uploadSizes, downloadSizes) {
                try await call.send(
                    FullDuplexCallRequest(responseSizes: [answerSize], body: [UInt8](repeating: 0, count: size)))
                try expect("the length", try await call.next()?.body?.count, Int(answerSize))
            }
            try await call.finish()
            try expect("what comes last", try await call.next(), nil)
        },
        "empty_stream": { world in
            let call = try await world.service().fullDuplexCall(options: world.options())
            try await call.finish()
            try expect("what comes", try await call.next(), nil)
        },
        "half_duplex": { world in
            let call = try await world.service().halfDuplexCall(options: world.options())
            for size in downloadSizes { try await call.send(HalfDuplexCallRequest(responseSizes: [size])) }
            try await call.finish()
            var sizes: [Int] = []
            for try await message in call { sizes.append(message.body?.count ?? 0) }
            try expect("the lengths", sizes, downloadSizes.map(Int.init))
        },
        "metadata_stream": { world in
            let request = StreamingOutputCallRequest(responseSizes: [1, 2])
            let answer = try await RawCall.run(
                world, TestServiceMethods.streamingOutputCall, request.encoded(), echoMetadata)
            try expect("the header", answer.header, echoed)
            try expect("the messages", answer.payloads, 2)
        },
        "sender_waits_for_credit": { world in
            let port = try await world.startServer(
                StartServerRequest(callCredit: 65_536, connectionCredit: 262_144))
            let call = try await world.service(port: port).streamingInputCall(options: world.options())
            for size in [600_000] + [Int](repeating: 10_000, count: 100) {
                try await call.send(StreamingInputCallRequest(body: [UInt8](repeating: 0, count: size)))
            }
            let answer = try await call.finish()
            try expect("the answer", answer, StreamingInputCallResponse(count: 101, size: 1_600_000))
        },
        "tiny_windows": { world in
            var limits = ClientLimits()
            limits.link.callCredit = 1_000
            limits.link.connectionCredit = 1_000
            let sizes = [Int32](repeating: 1_500, count: 100) + [1_200_000, 0, 0, 1]
            let stream = try await world.service(limits).streamingOutputCall(
                StreamingOutputCallRequest(responseSizes: sizes), options: world.options())
            var found: [Int32] = []
            for try await message in stream { found.append(Int32(message.body?.count ?? 0)) }
            try expect("the lengths", found, sizes)
        },
        "slow_reader": { world in
            var limits = ClientLimits()
            limits.link.callCredit = 65_536
            let service = try world.service(limits)
            let key = world.key()
            let slow = try await service.streamingOutputCall(
                StreamingOutputCallRequest(responseSizes: [Int32](repeating: 10_000, count: 100), key: key),
                options: world.options())
            try expect("the first length", try await slow.next()?.body?.count, 10_000)
            for _ in 0..<3 {
                let other = try await service.unaryCall(
                    UnaryCallRequest(responseSize: 300_000), options: world.options())
                try expect("the other call's length", other.body?.count, 300_000)
            }
            let report = try await service.reportCall(ReportCallRequest(key: key), options: world.options())
            guard (report.written ?? 0) < 20 else {
                throw CaseFailure(
                    description:
                        "the server wrote \(report.written ?? 0) messages of 10,000 into 65,536 bytes of credit")
            }
            var rest = 0
            for try await _ in slow { rest += 1 }
            try expect("the rest", rest, 99)
        },
    ]
}
