import Reactor
import Testing

@testable import TLSTransport

@Suite(.timeLimit(.minutes(1))) struct TrafficTests {
    @Test func bytesComeBack() async throws {
        try await Stage.run { stage in
            let (client, recorder) = try await stage.connect()
            for size in [1, 100, 5_000, 16_384, 16_385, 70_000] {
                let sent = pattern(size)
                let before = recorder.received.count
                client.send(sent)
                await recorder.wait { $0.received.count >= before + size }
                #expect(Array(recorder.received[before...]) == sent)
            }
            client.abort()
        }
    }

    @Test func manyMegabytesPassUnderBackpressure() async throws {
        var limits = TLSLimits()
        limits.outputBytesHigh = 64 * 1024
        limits.outputBytesLow = 16 * 1024
        try await Stage.run(limits: limits) { stage in
            let (client, recorder) = try await stage.connect()
            let sent = pattern(2_000_000)
            client.send(sent)
            #expect(!client.isWritable)
            await recorder.wait { $0.received.count == sent.count }
            #expect(recorder.received == sent)
            #expect(recorder.becameWritableCount == 1)
            #expect(client.isWritable && client.bufferedOutputBytes == 0)
            client.abort()
        }
    }

    @Test func outputOfATurnLeavesInOneRecord() async throws {
        try await Stage.run(serve: { _ in Recorder() }) { stage in
            let (client, _) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let server = try #require(stage.accepted.connections[0].delegate as? Recorder)
            for byte in UInt8(0)..<100 { client.send([byte]) }
            #expect(client.bufferedOutputBytes == 100)
            await server.wait { !$0.received.isEmpty }
            // One record is read in one turn: had each byte been written alone, fewer might have come.
            #expect(server.received.count == 100)
            client.abort()
        }
    }

    @Test func aPausedConnectionReadsNothingUntilResumed() async throws {
        try await Stage.run(serve: { _ in Recorder() }) { stage in
            let (client, _) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let connection = stage.accepted.connections[0]
            let server = try #require(connection.delegate as? Recorder)
            connection.pauseReading()
            client.send(pattern(200_000))
            try await stage.loop.sleep(for: .milliseconds(20))
            #expect(server.received.isEmpty)
            connection.resumeReading()
            await server.wait { $0.received.count == 200_000 }
            client.abort()
        }
    }

    @Test func bytesBeforeTheDelegateAreNotLost() async throws {
        try await Stage.run(serve: { connection in
            connection.send(pattern(100))
            return Recorder()
        }) { stage in
            let client = try await TLSConnection.connect(
                loop: stage.loop, address: stage.listener.localAddress, context: try stage.clientContext(),
                serverName: "server.steward.internal")
            try await stage.loop.sleep(for: .milliseconds(5))
            let recorder = Recorder()
            client.delegate = recorder
            await recorder.wait { $0.received.count == 100 }
            #expect(recorder.received == pattern(100))
            client.abort()
        }
    }

    @Test func aPeerThatDoesNotReadIsGivenUp() async throws {
        var limits = TLSLimits()
        limits.outputBytesHigh = 2_000
        limits.outputBytesLow = 1_000
        limits.outputBytesMax = 100_000
        try await Stage.run(serve: { _ in Recorder() }) { [limits] stage in
            let (client, recorder) = try await stage.connect(limits: limits)
            await stage.accepted.wait { $0.connections.count == 1 }
            stage.accepted.connections[0].pauseReading()
            client.send([UInt8](repeating: 1, count: 20_000_000))
            await recorder.wait { $0.isClosed }
            #expect(recorder.closeError?.kind == .outputOverflow)
        }
    }
}
