import Glibc
import Reactor
import Testing

@testable import TLSTransport

@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
    @Test func connectionsBeyondTheLimitAreRefusedAndLaterTaken() async throws {
        var limits = TLSLimits()
        limits.connectionCountMax = 1
        try await Stage.run(limits: limits) { stage in
            let (first, recorder) = try await stage.connect()
            await #expect(throws: TLSError.self) { try await stage.connect() }
            #expect(stage.listener.counts.refused == 1)
            first.close()
            await recorder.wait { $0.isClosed }
            let (second, _) = try await stage.connect()
            second.abort()
        }
    }

    @Test func connectionsOfOneAddressBeyondItsLimitAreRefusedAndLaterTaken() async throws {
        var limits = TLSLimits()
        limits.connectionsPerAddressMax = 2
        try await Stage.run(limits: limits) { stage in
            let (first, recorder) = try await stage.connect()
            let (second, _) = try await stage.connect()
            await #expect(throws: TLSError.self) { try await stage.connect() }
            #expect(stage.listener.counts.refused == 1)
            first.close()
            await recorder.wait { $0.isClosed }
            let (third, _) = try await stage.connect()
            second.abort()
            third.abort()
        }
    }

    @Test func addressesCountByWhoseTheyAre() throws {
        let host = { (text: String) in try SocketAddress(text).host.network }
        #expect(try host("10.0.0.1:1") == host("10.0.0.1:2"))
        #expect(try host("10.0.0.1:1") != host("10.0.0.2:1"))
        #expect(try host("[2001:db8:1:2::1]:1") == host("[2001:db8:1:2:ffff::9]:1"))
        #expect(try host("[2001:db8:1:2::1]:1") != host("[2001:db8:1:3::1]:1"))
        #expect(try host("[::ffff:10.0.0.1]:1") == host("10.0.0.1:1"))
        // Behind a translator each has his own.
        #expect(try host("[64:ff9b::10.0.0.1]:1") == host("10.0.0.1:1"))
        #expect(try host("[2002:a00:1:9::1]:1") == host("10.0.0.1:1"))
    }

    @Test func someDescriptorsAreNeverGivenToClients() throws {
        var limit = rlimit()
        #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        let reserve = Int(clamping: limit.rlim_cur) - Int(Sockets.connectionCeiling())
        #expect((1...64).contains(reserve) || limit.rlim_cur > UInt64(Int32.max))
    }

    @Test func listenersOfSeveralLoopsShareAPort() async throws {
        try await Stage.run { stage in
            let second = try TLSListener(
                loop: stage.loop, address: stage.listener.localAddress, context: stage.serverContext
            ) { $0.delegate = Echo() }
            #expect(second.localAddress == stage.listener.localAddress)
            second.stopAccepting()
        }
    }

    @Test func afterStoppingNobodyIsAcceptedButConnectionsLive() async throws {
        try await Stage.run { stage in
            let (client, recorder) = try await stage.connect()
            stage.listener.stopAccepting()
            await #expect(throws: TLSError.self) { try await stage.connect() }
            client.send([9])
            await recorder.wait { $0.received == [9] }
            client.abort()
        }
    }

    @Test func anAddressThatCannotBeBoundIsNamed() async throws {
        try await Stage.run { stage in
            let error = #expect(throws: TLSError.self) {
                try TLSListener(
                    loop: stage.loop, address: SocketAddress("192.0.2.1:7400"), context: stage.serverContext
                ) { _ in }
            }
            #expect(error?.description.contains("192.0.2.1:7400") == true)
        }
    }
}
