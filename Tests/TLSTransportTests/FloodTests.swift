import COpenSSL
import Glibc
import Reactor
import Testing
import Wire

@testable import TLSTransport

/// What one peer, or one address, may make this side do.
@Suite(.timeLimit(.minutes(1))) struct FloodTests {
    @Test func keyUpdatesBeyondTheLimitEndTheConnection() async throws {
        var limits = TLSLimits()
        limits.keyUpdatesPerMinuteMax = 3
        try await Stage.run(limits: limits) { stage in
            let (client, recorder) = try await stage.connect()
            for count: UInt8 in 1...3 {
                #expect(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
                client.send([count])
                await recorder.wait { $0.isClosed || $0.received.last == count }
            }
            #expect(SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED) == 1)
            client.send([4])
            await recorder.wait { $0.isClosed }
            #expect(recorder.received == [1, 2, 3])
        }
    }

    @Test func anAddressThatShakesHandsTooOftenHasToWait() throws {
        let rates = HandshakeRates(perSecondMax: 2)
        let (one, other) = (SocketAddress.Host.ipv4([10, 0, 0, 1]), SocketAddress.Host.ipv4([10, 0, 0, 2]))
        var now: UInt64 = 5_000_000_000
        for _ in 0..<20 { #expect(rates.allows(one, at: now)) }
        #expect(!rates.allows(one, at: now))
        #expect(rates.allows(other, at: now))
        now += 499_999_999
        #expect(!rates.allows(one, at: now))
        now += 1
        #expect(rates.allows(one, at: now))
        #expect(!rates.allows(one, at: now))
        now += 60_000_000_000
        for _ in 0..<20 { #expect(rates.allows(one, at: now)) }
        #expect(!rates.allows(one, at: now))
    }

    @Test func addressesThatHaveTheirAllowanceBackAreForgotten() {
        let rates = HandshakeRates(perSecondMax: 2)
        let held = SocketAddress.Host.ipv4([10, 0, 0, 1])
        for number in 1..<HandshakeRates.addressCountMax {
            #expect(rates.allows(.ipv4([11, 0, UInt8(number >> 8), UInt8(number & 255)]), at: 0))
        }
        let later: UInt64 = 1_000_000_000
        for _ in 0..<20 { #expect(rates.allows(held, at: later)) }
        // The table is full; those of a second ago make room, and he who has nothing left does not.
        #expect(rates.allows(.ipv4([12, 0, 0, 1]), at: later))
        #expect(!rates.allows(held, at: later))
    }

    @Test func handshakesInExcessAreRefusedAndLaterTaken() async throws {
        var limits = TLSLimits()
        limits.handshakesPerAddressAndSecondMax = 1
        try await Stage.run(limits: limits) { stage in
            for _ in 0..<10 { try await stage.connect().0.abort() }
            await #expect(throws: TLSError.self) { try await stage.connect() }
            #expect(stage.listener.counts.refused >= 1)
        }
    }

    /// More at once than a turn takes.
    @Test func manyHandshakesAtOnceAllSucceed() async throws {
        try await Stage.run { stage in
            let context = try stage.clientContext()
            let loop = stage.loop
            let count = try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask(executorPreference: loop) { try await stage.connect(context).0.abort() }
                }
                return try await group.reduce(0) { count, _ in count + 1 }
            }
            #expect(count == 50)
        }
    }

    /// The oldest goes; who is small stays.
    @Test func unfinishedInputIsBoundedOverAllConnections() async throws {
        let bytesMax = 1 << 20
        var limits = TLSLimits()
        limits.heldInputBytesMax = bytesMax
        try await Stage.run(limits: limits, serve: { _ in Hoarder() }) { stage in
            let (small, smallRecorder) = try await stage.connect()
            small.send([1])
            let (first, firstRecorder) = try await stage.connect()
            first.send([UInt8](repeating: 1, count: 300_000))
            await stage.turns(until: { $0.connections.last?.input.readableCount == 300_000 })
            var later: [TLSConnection] = []
            while !firstRecorder.isClosed, later.count < 20 {
                let (client, _) = try await stage.connect()
                client.send([UInt8](repeating: 1, count: 300_000))
                later.append(client)
                let server = try #require(stage.accepted.connections.last)
                await stage.turns(until: { _ in server.input.readableCount == 300_000 || !server.isOpen })
                await stage.turns(until: { $0.connections[1].isOpen || firstRecorder.isClosed })
            }
            #expect(firstRecorder.isClosed && later.count < 20)
            let held = stage.accepted.connections.filter(\.isOpen).map(\.input.capacity).reduce(0, +)
            #expect(held <= bytesMax + 2 * HeldBuffers.freeBytes)
            #expect(!smallRecorder.isClosed && later.last?.isOpen == true)
            for client in later + [small] { client.abort() }
        }
    }

    /// The same for what is written to those who do not read.
    @Test func outputThatNobodyReadsIsBoundedOverAllConnections() async throws {
        let bytesMax = 8 << 20
        var limits = TLSLimits()
        limits.heldOutputBytesMax = bytesMax
        try await Stage.run(limits: limits, serve: { _ in Hoarder() }) { stage in
            let (reader, readerRecorder) = try await stage.connect()
            var deaf: [TLSConnection] = []
            func servers() -> [TLSConnection] { Array(stage.accepted.connections.dropFirst()) }
            while servers().allSatisfy(\.isOpen), deaf.count < 20 {
                let (client, _) = try await stage.connect()
                client.pauseReading()
                deaf.append(client)
                await stage.accepted.wait { $0.connections.count == deaf.count + 1 }
                let server = try #require(servers().last)
                // More than the kernel takes for somebody who does not read.
                server.output.append(pattern(14 << 20))
                server.scheduleFlush()
                await stage.turns { _ in server.writeBlock == .untilWritable || !servers().allSatisfy(\.isOpen) }
            }
            #expect(servers().first?.isOpen == false && deaf.count < 20)
            let first = try #require(stage.accepted.connections.first)
            first.output.append(pattern(200_000))
            first.scheduleFlush()
            await readerRecorder.wait { $0.received.count == 200_000 }
            for client in deaf + [reader] { client.abort() }
        }
    }

    @Test func anIdleConnectionHoldsSmallBuffersOnly() async throws {
        try await Stage.run { stage in
            let (client, recorder) = try await stage.connect()
            client.send(pattern(50_000))
            await recorder.wait { $0.received.count == 50_000 }
            let server = try #require(stage.accepted.connections.first)
            for connection in [client, server] {
                #expect(
                    connection.output.capacity <= ByteBuffer.keptCapacityMax
                        && connection.input.capacity <= ByteBuffer.keptCapacityMax)
            }
            client.abort()
        }
    }
}

extension Stage {
    /// Lets the loop turn until the condition holds.
    func turns(until condition: (Accepted) -> Bool) async {
        while !condition(accepted) { await Task.yield() }
    }
}

/// A delegate that consumes nothing.
private final class Hoarder: TLSConnectionDelegate {
    func didReceive(_ connection: TLSConnection) {}
    func didBecomeWritable(_ connection: TLSConnection) {}
    func didClose(_ connection: TLSConnection, error: TLSError?) {}
}
