import Observability
import RPC
import RPCTransport
import Reactor
import TLSTransport
import Testing

/// Users of a program that calls for them are told what is away, not where it is and what is wrong with it.
@Suite struct ErrorAudienceTests {
    private let certificates: TestCertificates
    private let loops: EventLoopGroup

    init() throws {
        certificates = try TestCertificates()
        loops = try EventLoopGroup(count: 1)
    }

    private func client(
        _ address: SocketAddress, _ audience: ErrorAudience, name: String = "customer",
        trusting certificates: TestCertificates? = nil
    ) throws -> RPCClient {
        RPCClient(
            loops: loops, addresses: [address], serverName: "\(name).steward.internal",
            tls: try TLSContext.client((certificates ?? self.certificates).settings(nil, verify: .required)),
            agent: "test-client/1", logger: World.logger, audience: audience)
    }

    private static let users = ErrorAudience.users(of: "The service for notes", service: "notes")

    private func failure(_ client: RPCClient) async throws -> RPCError {
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.echo, Note("a"), CallOptions(timeout: .seconds(60)))
        }
        await client.close()
        return try #require(error)
    }

    private func expectNothingInner(_ error: RPCError) {
        let told = ([error.message] + error.details.map(\.value)).joined(separator: " ")
        for inner in ["127.0.0.1", "steward.internal", "TLS", "certificate"] { #expect(!told.contains(inner)) }
        #expect(error.retryDelay == .seconds(1))
        #expect(error.details.first { $0.key == "service" }?.value == "notes")
        #expect(error.incidentID != nil)
    }

    @Test func whatIsAwayIsTold() async throws {
        // Nobody listens there.
        let address = try SocketAddress("127.0.0.1:1")
        let error = try await failure(try client(address, Self.users))
        #expect(error.code == .unavailable && error.reason == "SERVICE_UNAVAILABLE")
        #expect(
            error.message == "The service for notes is not available at the moment, and nothing was done. Try again.")
        expectNothingInner(error)
        // The log gets the rest.
        #expect(LogText.of(error).contains("127.0.0.1:1"))
        let plain = try await failure(try client(address, .operators))
        #expect(plain.reason == "SERVER_UNREACHABLE" && plain.message.contains("127.0.0.1:1"))
    }

    @Test func aWrongCertificateIsAwayToo() async throws {
        let world = try await World()
        let error = try await failure(
            try client(world.address, Self.users, name: "sales", trusting: world.certificates))
        #expect(error.reason == "SERVICE_UNAVAILABLE")
        expectNothingInner(error)
        #expect(LogText.of(error).contains("certificate"))
        await world.close()
    }

    @Test func whatMayHaveHappenedIsTold() async throws {
        let server = try LossyServer(loops.loops[0], certificates)
        let error = try await failure(try client(server.address, Self.users))
        #expect(error.code == .unavailable && error.reason == "SERVICE_INTERRUPTED")
        #expect(error.message.contains("whether it had an effect is not known"))
        expectNothingInner(error)
        server.stop()
    }

    /// What a server says of itself is passed on.
    @Test func statusesAreLeftAlone() async throws {
        let world = try await World()
        let client = try client(world.address, Self.users, trusting: world.certificates)
        let error = await #expect(throws: RPCError.self) {
            let _: Note = try await client.call(NoteMethods.unknown, Note("a"), CallOptions())
        }
        #expect(error?.reason == "METHOD_UNKNOWN")
        await client.close()
        await world.close()
    }
}
