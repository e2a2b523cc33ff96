import Contracts
import Credentials
import CustomerContracts
import Foundation
import Logging
import RPC
import RPCTransport
import Reactor
import Settings
import Synchronization
import TLSTransport
import Tenancy
import TestSupport
import Testing
import Wire

@testable import ServiceHost

/// A whole program in this process: certificates, a server, its chain of interceptors, the admin port and the drain. Its
/// database and its peers are not there, one has a name that nobody knows: none of that must keep it from starting.
@Suite struct ProcessRunTests {
    private let folder: String
    private let ports: (listen: Int, admin: Int)

    init() throws {
        let free = try Loopback.freePorts(2)
        ports = (listen: free[0], admin: free[1])
        folder = NSTemporaryDirectory() + "process-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let authority = try Certificates.makeAuthority(commonName: "test")
        try PrivateFile.write(Array(authority.certificatePEM.utf8), to: "\(folder)/ca.crt")
        for program in ServiceName.allCases {
            let leaf = try Certificates.issue(
                LeafRequest(commonName: program.rawValue, dnsNames: [program.peerName]), by: authority)
            try leaf.write(
                certificatePath: "\(folder)/\(program.rawValue).crt",
                keyPath: "\(folder)/\(program.rawValue).key")
        }
        try PrivateFile.write(Array(HexText.encode(Sample.keyBytes).utf8), to: "\(folder)/caller.key")
    }

    private func makeProcess() throws -> ProcessRun {
        let sources = SettingsSources(overrides: [
            "listen=127.0.0.1:\(ports.listen)", "admin=127.0.0.1:\(ports.admin)", "tls.ca=\(folder)/ca.crt",
            "tls.certificate=\(folder)/customer.crt", "tls.key=\(folder)/customer.key",
            "callerKeys.customer=\(folder)/caller.key", "database.dsn=host=\(folder) dbname=none",
            "peers.identity=127.0.0.1:1", "peers.sales=no-such-host.invalid:1",
            "log.level=critical",
        ])
        let reader = try SettingsReader(sources)
        let settings = HostSettings(.customer, reader)
        try reader.finish()
        return try ProcessRun(
            name: .customer, contracts: ContractCatalogue(joining: [.shared, .customer]), settings: settings,
            sources: sources, warnings: [])
    }

    private func client(as program: ServiceName, _ loops: EventLoopGroup) throws -> RPCClient {
        let tls = TLSSettings(
            certificateChain: "\(folder)/\(program.rawValue).crt",
            privateKey: "\(folder)/\(program.rawValue).key",
            trustRoots: "\(folder)/ca.crt", verifyPeer: .required)
        return RPCClient(
            loops: loops, addresses: [try SocketAddress("127.0.0.1:\(ports.listen)")],
            serverName: ServiceName.customer.peerName, tls: try TLSContext.client(tls), agent: "test",
            logger: Logger(label: "test"))
    }

    private func options(_ caller: Caller?) throws -> CallOptions {
        var options = CallOptions(timeout: .seconds(20), waitForReady: true)
        let minter = CallerTokenMinter(keys: [.customer: try MACKey(Sample.keyBytes)])
        options.callerToken = try caller.map { try minter.mint($0) }
        return options
    }

    private func get(_ path: String) async throws -> String {
        let url = try #require(URL(string: "http://127.0.0.1:\(ports.admin)\(path)"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
        process.arguments = ["-s", "--max-time", "5", url.absoluteString]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    @Test func servesChecksAndDrains() async throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = try makeProcess()
        let begun = AsyncStream.makeStream(of: Void.self)
        let gate = AsyncStream.makeStream(of: Void.self)
        let drained = Mutex(false)
        let ended = AsyncStream.makeStream(of: Bool.self)
        let thread = Thread {
            do {
                try process.run { host in
                    host.onDrain { drained.withLock { $0 = true } }
                    var router = Router()
                    router.serve(AccountServiceMethods.getAccount) {
                        (request: GetAccountRequest, context: CallContext) -> GetAccountResponse in
                        let caller = try context.requireCaller()
                        if request.id == "wait" {
                            begun.continuation.yield()
                            for await _ in gate.stream { break }
                        }
                        return GetAccountResponse(record: Account(id: caller.workspace))
                    }
                    return ServiceOffer(router: router)
                }
                ended.continuation.yield(true)
            } catch {
                Issue.record("\(error)")
                ended.continuation.yield(false)
            }
        }
        thread.start()

        let loops = try EventLoopGroup(count: 1)
        let gateway = try client(as: .gateway, loops)
        let accounts = AccountServiceClient(channel: gateway)
        let caller = Sample.caller()
        let answer = try await accounts.getAccount(GetAccountRequest(id: "x"), options: options(caller))
        #expect(answer.record?.id == "acme")
        #expect(
            await reason { _ = try await accounts.getAccount(GetAccountRequest(), options: options(nil)) }
                == "SESSION_REQUIRED")
        let expired = Sample.caller(expiresIn: .seconds(-10))
        #expect(
            await reason { _ = try await accounts.getAccount(GetAccountRequest(), options: options(expired)) }
                == "CALLER_EXPIRED")
        let sales = try client(as: .sales, loops)
        let other = AccountServiceClient(channel: sales)
        #expect(
            await reason { _ = try await other.getAccount(GetAccountRequest(), options: options(caller)) }
                == "PEER_NOT_ALLOWED")
        let services = try await ReflectionServiceClient(channel: gateway).listServices(ListServicesRequest())
        func costs(_ service: String) -> [String: UInt32] {
            let methods = services.services.first { $0.name == service }?.methods ?? []
            return Dictionary(methods.compactMap { method in method.cost.map { (method.name ?? "", $0) } }) { $1 }
        }
        let accountCosts = costs(AccountServiceMethods.serviceName)
        #expect(accountCosts["GetAccount"] == 1 && accountCosts["ListAccounts"] == 4)
        #expect(accountCosts["BatchGetAccounts"] == 8)
        #expect(costs(HealthServiceMethods.serviceName).isEmpty)

        #expect(try await get("/healthz") == "alive\n")
        let readiness = try await get("/readyz")
        #expect(
            readiness.contains("database:") && readiness.contains("policies:")
                && !readiness.contains("server:"))
        let metrics = try await get("/metrics")
        #expect(metrics.contains("code=\"OK\",method=\"steward.customer.v1.AccountService/GetAccount\"} 1"))
        #expect(metrics.contains("steward_build_info{program=\"customer\""))

        // A call that is being served when the program is told to stop gets its answer.
        let waiting = Task {
            try await accounts.getAccount(GetAccountRequest(id: "wait"), options: options(caller))
        }
        for await _ in begun.stream { break }
        process.requestStop("test")
        while try await !get("/readyz").contains("server: stopping") {}
        gate.continuation.yield()
        #expect(try await waiting.value.record?.id == "acme")
        for await wentWell in ended.stream {
            #expect(wentWell)
            break
        }
        #expect(drained.withLock { $0 })
        await gateway.close()
        await sales.close()
        loops.shutdown()
    }
}
