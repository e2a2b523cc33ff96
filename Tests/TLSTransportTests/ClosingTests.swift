import Glibc
import Reactor
import Testing

@testable import TLSTransport

@Suite(.timeLimit(.minutes(1))) struct ClosingTests {
    @Test func closeDeliversEverythingThenEndsBothSidesCleanly() async throws {
        try await Stage.run(serve: { _ in Recorder() }) { stage in
            let (client, recorder) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let server = try #require(stage.accepted.connections[0].delegate as? Recorder)
            client.send(pattern(3_000_000))
            client.close()
            #expect(!client.isOpen)
            await recorder.wait { $0.isClosed }
            await server.wait { $0.isClosed }
            #expect(server.received.count == 3_000_000)
            #expect(server.endCount == 1)
            #expect(server.closeError == nil)
            #expect(recorder.closeError == nil)
            #expect(stage.listener.connectionCount == 0)
        }
    }

    @Test func aPeerThatNeverClosesIsLeftAfterTheTimeout() async throws {
        var limits = TLSLimits()
        limits.closeTimeout = .milliseconds(30)
        try await Stage.run(serve: { _ in
            let recorder = Recorder()
            recorder.onEnd = { _ in }
            return recorder
        }) { [limits] stage in
            let (client, recorder) = try await stage.connect(limits: limits)
            client.close()
            await recorder.wait { $0.isClosed }
            #expect(recorder.closeError?.kind == .timeout)
        }
    }

    @Test func theOtherHalfMayStillWriteAfterTheEnd() async throws {
        try await Stage.run(serve: { _ in
            let recorder = Recorder()
            recorder.onEnd = { connection in
                connection.send(pattern(10))
                connection.close()
            }
            return recorder
        }) { stage in
            let (client, recorder) = try await stage.connect()
            client.close()
            await recorder.wait { $0.isClosed }
            #expect(recorder.closeError == nil)
        }
    }

    @Test(arguments: [false, true])
    func aResetIsALostConnection(isPaused: Bool) async throws {
        try await Stage.run(serve: { _ in Recorder() }) { stage in
            let (client, _) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let connection = stage.accepted.connections[0]
            let server = try #require(connection.delegate as? Recorder)
            if isPaused { connection.pauseReading() }
            client.abort()
            await server.wait { $0.isClosed }
            #expect(server.closeError?.kind == .connectionLost)
        }
    }

    @Test func anEndWithoutTheClosingAlertIsALoss() async throws {
        try await Stage.run(serve: { _ in Recorder() }) { stage in
            let (client, recorder) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let server = try #require(stage.accepted.connections[0].delegate as? Recorder)
            Glibc.shutdown(client.descriptor, Int32(SHUT_WR))
            await server.wait { $0.isClosed }
            #expect(server.closeError?.kind == .connectionLost)
            await recorder.wait { $0.isClosed }
        }
    }

    @Test func abortTellsTheDelegateAndOnlyOnce() async throws {
        try await Stage.run { stage in
            let (client, recorder) = try await stage.connect()
            client.abort()
            #expect(recorder.isClosed && recorder.closeError?.kind == .aborted)
            client.abort()
            client.close()
            client.send([1])
        }
    }
}
