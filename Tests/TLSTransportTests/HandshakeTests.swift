import CLinux
import Glibc
import Reactor
import Testing

@testable import TLSTransport

@Suite(.timeLimit(.minutes(1))) struct HandshakeTests {
    @Test func bothSidesKnowEachOther() async throws {
        try await Stage.run(verifyClients: true) { stage in
            let (client, recorder) = try await stage.connect()
            await stage.accepted.wait { $0.connections.count == 1 }
            let atServer = try #require(stage.accepted.connections[0].peer)
            #expect(atServer.commonName == "client")
            #expect(atServer.dnsNames == ["client.steward.internal", "second.example"])
            #expect(atServer.fingerprint.count == 32)
            #expect((86_000...173_000).contains(atServer.notAfter - Int64(time(nil))))
            let atClient = try #require(client.peer)
            #expect(atClient.commonName == "server" && atClient.fingerprint != atServer.fingerprint)
            client.close()
            await recorder.wait { $0.isClosed }
        }
    }

    @Test func aSessionIsResumed() async throws {
        try await Stage.run(verifyClients: true) { stage in
            let context = try stage.clientContext()
            for expected in [false, true, true] {
                let (client, recorder) = try await stage.connect(context)
                #expect(client.isResumed == expected)
                client.send([7])
                await recorder.wait { !$0.received.isEmpty }
                client.abort()
            }
            #expect(stage.accepted.connections.map(\.isResumed) == [false, true, true])
            #expect(stage.accepted.connections.allSatisfy { $0.peer?.commonName == "client" })
        }
    }

    @Test(arguments: ["other.steward.internal", "steward.internal", "127.0.0.2"])
    func aServerWithAnotherNameIsRefused(name: String) async throws {
        try await Stage.run { stage in
            let error = await #expect(throws: TLSError.self) { try await stage.connect(serverName: name) }
            #expect(error?.kind == .peerNotTrusted)
        }
    }

    @Test func aServerMayBeNamedByItsAddress() async throws {
        try await Stage.run { stage in
            let (client, _) = try await stage.connect(serverName: "127.0.0.1")
            client.abort()
        }
    }

    @Test func aServerOfAnotherAuthorityIsRefused() async throws {
        try await Stage.run { stage in
            try stage.certificates.authority("stranger")
            var settings = stage.certificates.settings(nil)
            settings.trustRoots = stage.certificates.path("stranger.pem")
            let context = try TLSContext.client(settings)
            let error = await #expect(throws: TLSError.self) { try await stage.connect(context) }
            #expect(error?.kind == .peerNotTrusted)
        }
    }

    @Test func aClientWithoutCertificateIsRefusedWhereOneIsNeeded() async throws {
        try await Stage.run(verifyClients: true) { stage in
            // In TLS 1.3 the client has finished before the server can refuse: it hears of it when it reads.
            let (_, recorder) = try await stage.connect(try stage.clientContext(nil))
            await recorder.wait { $0.isClosed }
            #expect(recorder.closeError?.description.contains("certificate required") == true)
            #expect(stage.listener.counts.handshakesFailed == 1 && stage.listener.counts.accepted == 0)
        }
    }

    @Test func anotherProtocolIsRefused() async throws {
        try await Stage.run { stage in
            var settings = stage.certificates.settings("client")
            settings.alpn = "h2"
            let context = try TLSContext.client(settings)
            let error = await #expect(throws: TLSError.self) { try await stage.connect(context) }
            #expect(error?.kind == .handshake)
            #expect(error?.description.contains("no application protocol") == true)
        }
    }

    @Test(arguments: [["-tls1_2", "-alpn", "steward/1"], ["-tls1_3"], ["-tls1_3", "-alpn", "h2"]])
    func strangersWithOpenSSLAreRefused(options: [String]) async throws {
        try await Stage.run { stage in
            let address = stage.listener.localAddress.description
            let visit = Task.detached {
                try runOpenSSL(["s_client", "-connect", address] + options, mayFail: true)
            }
            await stage.accepted.wait { $0.failures.count == 1 }
            #expect(stage.accepted.failures[0].kind == .handshake)
            _ = try await visit.value
        }
    }

    @Test func bytesThatAreNoTLSHurtNobodyElse() async throws {
        try await Stage.run { stage in
            let socket = try Sockets.connect(stage.listener.localAddress)
            while write(socket, "GET / HTTP/1.1\r\n\r\n", 18) != 18 { await Task.yield() }
            await stage.accepted.wait { $0.failures.count == 1 }
            #expect(stage.accepted.failures[0].kind == .handshake)
            Sockets.close(socket)
            let (client, recorder) = try await stage.connect()
            client.send([1])
            await recorder.wait { $0.received == [1] }
            client.abort()
        }
    }

    @Test func aSilentClientIsLeft() async throws {
        var limits = TLSLimits()
        limits.handshakeTimeout = .milliseconds(30)
        try await Stage.run(limits: limits) { stage in
            let socket = try Sockets.connect(stage.listener.localAddress)
            await stage.accepted.wait { $0.failures.count == 1 }
            #expect(stage.accepted.failures[0].kind == .timeout)
            #expect(stage.listener.connectionCount == 0)
            Sockets.close(socket)
        }
    }

    @Test func aSilentServerIsLeft() async throws {
        try await Stage.run { stage in
            let mute = try Sockets.listen(SocketAddress("127.0.0.1:0"), backlog: 1)
            let address = try #require(Sockets.localAddress(mute))
            let error = await #expect(throws: TLSError.self) {
                try await TLSConnection.connect(
                    loop: stage.loop, address: address, context: try stage.clientContext(), serverName: "x",
                    timeout: .milliseconds(30))
            }
            #expect(error?.kind == .timeout)
            let waiting = Task(executorPreference: stage.loop) {
                try await TLSConnection.connect(
                    loop: stage.loop, address: address, context: try stage.clientContext(), serverName: "x")
            }
            await Task.yield()
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            Sockets.close(mute)
        }
    }

    @Test func aPortWhereNobodyListensIsNamed() async throws {
        try await Stage.run { stage in
            let socket = try Sockets.listen(SocketAddress("127.0.0.1:0"), backlog: 1)
            let address = try #require(Sockets.localAddress(socket))
            Sockets.close(socket)
            let error = await #expect(throws: TLSError.self) {
                try await TLSConnection.connect(
                    loop: stage.loop, address: address, context: try stage.clientContext(), serverName: "x")
            }
            #expect(error?.kind == .address)
            #expect(error?.description.contains("nothing listens there") == true)
        }
    }
}
