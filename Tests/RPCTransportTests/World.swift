import CEnvelope
import Credentials
import Foundation
import Logging
import RPC
import RPCTransport
import Reactor
import TLSTransport
import Tenancy
import Wire

/// The message of the test service: steward.rpc.v1.Detail, which has two strings.
struct Note: WireMessage, Hashable {
    static let descriptor = MessageDescriptor(steward_rpc_v1_detail_descriptor())
    private static let keyField = descriptor.field("key")!
    private static let valueField = descriptor.field("value")!

    var key: String
    var value: String

    init(_ key: String, _ value: String = "") {
        self.key = key
        self.value = value
    }

    init(_ message: Message) {
        key = message.string(Self.keyField) ?? ""
        value = message.string(Self.valueField) ?? ""
    }

    func write(to message: Message) {
        message.setString(Self.keyField, key)
        message.setString(Self.valueField, value)
    }
}

/// The methods of the test service.
enum NoteMethods {
    static func make(_ name: String, _ kind: MethodDefinition.Kind) -> MethodDefinition {
        MethodDefinition(
            path: "test.v1.NoteService/\(name)", request: Note.descriptor, response: Note.descriptor,
            kind: kind)
    }

    static let echo = make("EchoNote", .unary)
    static let fail = make("FailNote", .unary)
    static let crash = make("CrashNote", .unary)
    static let wait = make("WaitNote", .unary)
    static let count = make("CountNotes", .serverStreaming)
    static let watch = make("WatchNotes", .serverStreaming)
    static let join = make("JoinNotes", .clientStreaming)
    static let chat = make("ChatNotes", .bidirectional)
    static let unknown = make("UnknownNote", .unary)
}

/// Certificates of one test, in a folder of its own.
struct TestCertificates {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "rpc-\(RecordID.make().text)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let authority = try Certificates.makeAuthority(commonName: "test authority")
        try Data(authority.certificatePEM.utf8).write(to: folder.appending(path: "ca.pem"))
        for program in ["customer", "gateway", "stranger"] {
            let leaf = try Certificates.issue(
                LeafRequest(commonName: program, dnsNames: ["\(program).steward.internal"]), by: authority)
            try leaf.write(certificatePath: path("\(program).pem"), keyPath: path("\(program).key"))
        }
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func settings(_ program: String?, verify: TLSSettings.PeerVerification) -> TLSSettings {
        TLSSettings(
            certificateChain: program.map { path("\($0).pem") },
            privateKey: program.map { path("\($0).key") },
            trustRoots: path("ca.pem"), verifyPeer: verify)
    }
}

/// A server and what is needed to call it, on loopback with real certificates.
final class World: Sendable {
    let certificates: TestCertificates
    let loops: EventLoopGroup
    let server: RPCServer
    let address: SocketAddress
    let gate: Gate

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(
        peers: PeerPolicy = .anyone, limits: ServerLimits = ServerLimits(),
        interceptors: [any Interceptor] = [], admission: AdmissionRule? = nil,
        fallback: RawHandler? = nil, pace: AnswerPace? = nil, router: Router? = nil, loopCount: Int = 1,
        tracing: Tracing = .off,
        accountsWork: Bool = false
    ) async throws {
        var limits = limits
        // A test that says hello itself may be kept from it by all the others that run at the same time.
        limits.link.helloTimeout = .seconds(60)
        certificates = try TestCertificates()
        loops = try EventLoopGroup(count: loopCount)
        gate = Gate()
        let tls = try TLSContext.server(
            certificates.settings("customer", verify: peers == .anyone ? .none : .required))
        server = RPCServer(
            loops: loops, address: try SocketAddress("127.0.0.1:0"), tls: tls,
            router: router ?? NoteHandlers.router(gate),
            interceptors: interceptors, admission: admission, fallback: fallback, pace: pace, peers: peers,
            limits: limits,
            agent: "test/1", logger: Self.logger, tracing: tracing, accountsWork: accountsWork)
        try await server.start()
        address = server.localAddress!
    }

    func client(as program: String? = nil, limits: ClientLimits = ClientLimits()) throws -> RPCClient {
        RPCClient(
            loops: loops, addresses: [address], serverName: "customer.steward.internal",
            tls: try TLSContext.client(certificates.settings(program, verify: .required)), limits: limits,
            agent: "test-client/1", logger: Self.logger)
    }

    func close(_ clients: RPCClient...) async {
        for client in clients { await client.close() }
        await server.drain(within: .seconds(5))
        await Task.detached { [loops] in loops.shutdown() }.value
        try? FileManager.default.removeItem(at: certificates.folder)
    }
}

/// Lets a test wait for a handler and a handler for a test.
actor Gate {
    private var counts: [String: Int] = [:]
    private var waiters: [(event: String, count: Int, CheckedContinuation<Void, Never>)] = []

    /// Something has happened.
    func signal(_ event: String) {
        counts[event, default: 0] += 1
        let due = waiters.filter { counts[$0.event, default: 0] >= $0.count }
        waiters.removeAll { counts[$0.event, default: 0] >= $0.count }
        for waiter in due { waiter.2.resume() }
    }

    /// Waits until it has happened so often.
    func wait(for event: String, count: Int = 1) async {
        guard counts[event, default: 0] < count else { return }
        await withCheckedContinuation { waiters.append((event, count, $0)) }
    }

    func count(of event: String) -> Int { counts[event, default: 0] }
}
