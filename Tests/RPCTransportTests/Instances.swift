import Foundation
import RPC
import RPCTransport
import Reactor
import TLSTransport
import Wire

/// Several instances of the test service, each with a way of answering that a test can change, and clients of all of them.
final class Instances: Sendable {
    /// What an instance does with a call.
    typealias Behaviour = @Sendable (_ note: Note) async throws -> Note

    let certificates: TestCertificates
    let loops: EventLoopGroup
    let servers: [RPCServer]
    let addresses: [SocketAddress]
    /// The keys of the requests that each instance got.
    let received: [Mutexed<[String]>]
    private let behaviours: [Mutexed<Behaviour>]

    static let get = NoteMethods.make("GetNote", .unary)
    static let put = NoteMethods.make("PutNote", .unary)
    static let list = NoteMethods.make("ListNotes", .serverStreaming)

    init(_ count: Int) async throws {
        certificates = try TestCertificates()
        loops = try EventLoopGroup(count: 1)
        let received = (0..<count).map { _ in Mutexed<[String]>([]) }
        let behaviours = (0..<count).map { _ in Mutexed<Behaviour>({ $0 }) }
        (self.received, self.behaviours) = (received, behaviours)
        let tls = try TLSContext.server(certificates.settings("customer", verify: .none))
        var servers: [RPCServer] = []
        for index in 0..<count {
            servers.append(
                RPCServer(
                    loops: loops, address: try SocketAddress("127.0.0.1:0"), tls: tls,
                    router: Self.router(received[index], behaviours[index]), peers: .anyone, agent: "test/1",
                    logger: World.logger))
            try await servers[index].start()
        }
        self.servers = servers
        addresses = servers.compactMap(\.localAddress)
    }

    private static func router(_ received: Mutexed<[String]>, _ behaviour: Mutexed<Behaviour>) -> Router {
        var router = Router()
        for method in [get, put] {
            router.unary(method) { request, context in
                let note = Note(request)
                received.update { $0.append(note.key) }
                return try await behaviour.value(note).message(in: context.arena)
            }
        }
        router.serverStreaming(list) { request, writer, _ in
            let note = Note(request)
            received.update { $0.append(note.key) }
            let writer = ResponseWriter<Note>(writer)
            if note.value == "one first" { try await writer.write(note) }
            try await writer.write(try await behaviour.value(note))
        }
        return router
    }

    /// From now on the instance answers like this.
    func behave(_ index: Int, _ behaviour: @escaping Behaviour) { behaviours[index].update { $0 = behaviour } }

    /// The instance answers as all do at first: with what it was asked.
    func recover(_ index: Int) { behave(index) { $0 } }

    var receivedCounts: [Int] { received.map(\.value.count) }

    func client(
        limits: ClientLimits = ClientLimits(), onAttempt: @escaping AttemptObserver = { _ in }
    ) throws -> RPCClient {
        RPCClient(
            loops: loops, addresses: addresses, serverName: "customer.steward.internal", tls: try tls,
            limits: limits, agent: "test-client/1", logger: World.logger, onAttempt: onAttempt)
    }

    /// A client that asks the resolver where the instances are.
    func client(
        _ names: String..., limits: ClientLimits = ClientLimits(), preparation: ConnectionPreparation? = nil,
        resolve: @escaping NameResolver
    ) throws -> RPCClient {
        RPCClient(
            loops: loops, servers: names.map { ServerName($0, certificateName: "customer.steward.internal") },
            name: "test", resolve: resolve, tls: try tls, limits: limits, preparation: preparation,
            agent: "test-client/1", logger: World.logger)
    }

    var tls: TLSContext {
        get throws { try TLSContext.client(certificates.settings(nil, verify: .required)) }
    }

    func close(_ client: RPCClient) async {
        await client.close()
        for server in servers { await server.drain(within: .seconds(5)) }
        await Task.detached { [loops] in loops.shutdown() }.value
        try? FileManager.default.removeItem(at: certificates.folder)
    }
}

extension RPCClient {
    /// Calls with a note that has this key.
    func ask(_ method: MethodDefinition, _ key: String, _ options: CallOptions = CallOptions()) async throws -> Note {
        try await call(method, Note(key), options)
    }

    /// Waits until calls have gone to so many instances, so that connections to all are up.
    func warmUp(_ instances: Instances, _ indices: Range<Int>) async throws {
        while !indices.allSatisfy({ instances.receivedCounts[$0] > 0 }) {
            _ = try await ask(Instances.get, "warm", CallOptions(timeout: .seconds(20), waitForReady: true))
        }
    }
}
